#include "router/policy/import/read_yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <istream>
#include <map>
#include <optional>
#include <streambuf>
#include <utility>

#include "router/policy/import/import_router.h"

namespace croft {
namespace {

/// Ends the parser from within; caught in read_yaml.
struct Refused {
  Error error;
};

struct ViewBuffer : std::streambuf {
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's interface; nothing is written
    setg(begin, begin, begin + text.size());
  }
};

std::size_t depth_of(const ConfigNode& node) {
  std::size_t deepest = 0;
  for (const ConfigNode& item : node.items) deepest = std::max(deepest, depth_of(item));
  return deepest + 1;
}

std::size_t count_nodes(const ConfigNode& node) {
  std::size_t count = 1;
  for (const ConfigNode& item : node.items) count += count_nodes(item);
  return count;
}

void rename(ConfigNode& node, std::string name, std::string key) {
  node.name = std::move(name);
  node.key = std::move(key);
  for (ConfigNode& item : node.items)
    rename(item, item.name,
           node.kind == NodeKind::List ? node.key + item.name : member_key(node.key, item.name));
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

void resolve_number(ConfigNode& node) {
  const char* begin = node.text.data() + (node.text.starts_with('+') ? 1 : 0);
  const char* end = node.text.data() + node.text.size();
  const bool is_number_like = std::ranges::all_of(node.text, [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
  });
  if (!is_number_like || begin == end) return;
  if (auto [stop, problem] = std::from_chars(begin, end, node.integer);
      problem == std::errc{} && stop == end) {
    node.kind = NodeKind::Integer;
    node.real = static_cast<double>(node.integer);
    return;
  }
  node.integer = 0;
  if (auto [stop, problem] = std::from_chars(begin, end, node.real);
      problem == std::errc{} && stop == end)
    node.kind = NodeKind::Real;
  else
    node.real = 0.0;
}

/// Plain scalars, as YAML 1.1 and so PyYAML has them.
void resolve_plain(ConfigNode& node) {
  if (is_one_of(node.text, {"", "~", "null", "Null", "NULL"})) {
    node.kind = NodeKind::Null;
  } else if (is_one_of(node.text,
                       {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) {
    node.kind = NodeKind::Flag;
    node.flag = true;
  } else if (is_one_of(node.text,
                       {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) {
    node.kind = NodeKind::Flag;
  } else {
    resolve_number(node);
  }
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file)
      : file_(std::make_shared<const std::string>(file)) {}

  ConfigNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    ConfigNode node = make(mark);
    node.kind = NodeKind::Null;
    finish(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    ConfigNode node = make(mark);
    node.kind = NodeKind::Text;
    node.text = value;
    if (tag == "?")
      resolve_plain(node);
    else if (tag != "!" && tag != "tag:yaml.org,2002:str")
      node.kind = NodeKind::Other;  // !!python/object and the like: nothing that is run here
    finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "an alias stands inside what it stands for");
    count(mark, found->second.nodes);
    // An alias inside an alias may go deeper than the text itself does.
    if (open_.size() + depth_of(found->second.node) > yaml_depth_max)
      refuse(mark, "nested too deep");
    ConfigNode copy = found->second.node;
    finish(std::move(copy), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, NodeKind::List, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, NodeKind::Table, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override {
    merge(open_.back().node);
    end();
  }

 private:
  struct Open {
    ConfigNode node;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key;  ///< of a table: read, and its value is next
  };
  struct Anchored {
    ConfigNode node;
    std::size_t nodes = 0;
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& message) const {
    throw Refused{{.code = ErrorCode::InvalidArgument,
                   .message = *file_ + ":" + std::to_string(mark.line + 1) + ": " + message,
                   .hint = {},
                   .field = {}}};
  }

  void count(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ <= yaml_nodes_max) return;
    throw Refused{{.code = ErrorCode::TooLarge,
                   .message = *file_ + ":" + std::to_string(mark.line + 1) + ": more than " +
                              std::to_string(yaml_nodes_max) + " values, aliases expanded",
                   .hint = {},
                   .field = {}}};
  }

  ConfigNode make(const YAML::Mark& mark) {
    count(mark, 1);
    last_mark_ = mark;
    ConfigNode node;
    node.file = file_;
    node.line = static_cast<std::size_t>(std::max(mark.line, 0)) + 1;
    return node;
  }

  void begin(const YAML::Mark& mark, NodeKind kind, YAML::anchor_t anchor) {
    if (open_.size() >= yaml_depth_max) refuse(mark, "nested too deep");
    if (!open_.empty() && open_.back().node.kind == NodeKind::Table && !open_.back().key)
      refuse(mark, "a key must be a string");
    Open open{.node = make(mark), .anchor = anchor, .key = {}};
    open.node.kind = kind;
    open_.push_back(std::move(open));
  }

  void end() {
    Open open = std::move(open_.back());
    open_.pop_back();
    finish(std::move(open.node), open.anchor);
  }

  void finish(ConfigNode node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      const std::size_t nodes = count_nodes(node);
      count(last_mark_, nodes);  // the copy that is kept
      anchors_[anchor] = {node, nodes};
    }
    if (open_.empty()) {
      rename(node, {}, {});
      root_ = std::move(node);
      return;
    }
    Open& into = open_.back();
    if (into.node.kind == NodeKind::List) {
      node.name = "[" + std::to_string(into.node.items.size()) + "]";
      into.node.items.push_back(std::move(node));
    } else if (!into.key) {
      const bool is_scalar = node.kind != NodeKind::List && node.kind != NodeKind::Table;
      if (!is_scalar) refuse(last_mark_, "a key must be a string");
      into.key = node.text;
    } else {
      add_member(into, std::move(node));
    }
  }

  void add_member(Open& into, ConfigNode node) {
    node.name = std::move(*into.key);
    into.key.reset();
    if (!seen(into.node).insert({node.name, into.node.items.size()}).second)
      refuse(last_mark_, "the key '" + node.name + "' is given twice");
    into.node.items.push_back(std::move(node));
  }

  /// Names of the table under way; a list for each open table, so that looking is not quadratic.
  std::map<std::string, std::size_t>& seen(const ConfigNode&) {
    seen_.resize(std::max(seen_.size(), open_.size()));
    std::map<std::string, std::size_t>& names = seen_[open_.size() - 1];
    if (open_.back().node.items.empty()) names.clear();
    return names;
  }

  /// `<<: *defaults`: what the table lacks comes from there.
  void merge(ConfigNode& table) {
    const auto merged = std::ranges::find(table.items, "<<", &ConfigNode::name);
    if (merged == table.items.end()) return;
    const ConfigNode source = std::move(*merged);
    table.items.erase(merged);
    const auto add = [&](const ConfigNode& from) {
      count(last_mark_, count_nodes(from));
      for (const ConfigNode& item : from.items)
        if (table.find(item.name) == nullptr) table.items.push_back(item);
    };
    if (source.kind == NodeKind::Table) return add(source);
    for (const ConfigNode& item : source.items) {
      if (source.kind != NodeKind::List || item.kind != NodeKind::Table)
        refuse(last_mark_, "<< must name a table");
      add(item);
    }
    if (source.kind != NodeKind::List) refuse(last_mark_, "<< must name a table");
  }

  std::shared_ptr<const std::string> file_;
  ConfigNode root_;
  std::vector<Open> open_;
  std::vector<std::map<std::string, std::size_t>> seen_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  YAML::Mark last_mark_;
};

Result<ConfigNode> json_node(const json::value& value,
                             const std::shared_ptr<const std::string>& file, std::string name,
                             std::string key, std::size_t& nodes) {
  if (++nodes > yaml_nodes_max)
    return fail(ErrorCode::TooLarge,
                *file + " has more than " + std::to_string(yaml_nodes_max) + " values");
  ConfigNode node;
  node.kind = NodeKind::Null;
  node.name = std::move(name);
  node.key = std::move(key);
  node.file = file;
  if (const auto* text = value.if_string()) {
    node.kind = NodeKind::Text;
    node.text = *text;
  } else if (const auto* flag = value.if_bool()) {
    node.kind = NodeKind::Flag;
    node.flag = *flag;
  } else if (const auto* integer = value.if_int64()) {
    node.kind = NodeKind::Integer;
    node.integer = *integer;
    node.real = static_cast<double>(*integer);
  } else if (value.is_number()) {
    node.kind = NodeKind::Real;
    node.real = value.to_number<double>();
  } else if (const auto* array = value.if_array()) {
    node.kind = NodeKind::List;
    for (const json::value& each : *array) {
      const std::string place = "[" + std::to_string(node.items.size()) + "]";
      ConfigNode item = TRY(json_node(each, file, place, node.key + place, nodes));
      node.items.push_back(std::move(item));
    }
  } else if (const auto* object = value.if_object()) {
    node.kind = NodeKind::Table;
    for (const auto& member : *object) {
      const std::string_view member_name = member.key();
      ConfigNode item = TRY(json_node(member.value(), file, std::string(member_name),
                                      member_key(node.key, member_name), nodes));
      node.items.push_back(std::move(item));
    }
  }
  return node;
}

}  // namespace

Result<ConfigNode> read_yaml(std::string_view text, const std::string& file) {
  if (text.size() > import_bytes_max)
    return fail(ErrorCode::TooLarge,
                file + " is longer than " + std::to_string(import_bytes_max) + " bytes");
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  TreeBuilder builder(file);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder))
      return fail(ErrorCode::InvalidArgument, file + " has nothing in it");
  } catch (const Refused& refused) {
    return std::unexpected(refused.error);
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::InvalidArgument,
                file + ":" + std::to_string(error.mark.line + 1) + ": no YAML: " + error.msg);
  }
  return builder.take();
}

Result<ConfigNode> read_json_tree(const json::value& document, const std::string& file) {
  std::size_t nodes = 0;
  return json_node(document, std::make_shared<const std::string>(file), {}, {}, nodes);
}

}  // namespace croft

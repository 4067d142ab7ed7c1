#include "router/policy/table_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace croft {
namespace {

std::string number_text(double value) {
  const bool whole = std::floor(value) == value && std::abs(value) < 1e15;
  return whole ? std::to_string(static_cast<std::int64_t>(value)) : std::to_string(value);
}

bool is_text_list(const ConfigNode& node) {
  return node.kind == NodeKind::List && std::ranges::all_of(node.items, [](const ConfigNode& item) {
           return item.kind == NodeKind::Text;
         });
}

bool kind_fits(const ConfigNode& node, KeyKind kind) {
  switch (kind) {
    case KeyKind::Text:
    case KeyKind::Choice:
    case KeyKind::Path:
      return node.kind == NodeKind::Text;
    case KeyKind::Integer:
      return node.kind == NodeKind::Integer;
    case KeyKind::Real:
      return node.kind == NodeKind::Integer || node.kind == NodeKind::Real;
    case KeyKind::Flag:
      return node.kind == NodeKind::Flag;
    case KeyKind::Texts:
      return node.kind == NodeKind::Text || is_text_list(node);
    case KeyKind::Table:
      return node.kind == NodeKind::Table;
    case KeyKind::Tables:
      return node.kind == NodeKind::List &&
             std::ranges::all_of(
                 node.items, [](const ConfigNode& item) { return item.kind == NodeKind::Table; });
  }
  return false;
}

}  // namespace

std::vector<std::string> node_texts(const ConfigNode& node) {
  if (node.kind == NodeKind::Text) return {node.text};
  std::vector<std::string> texts;
  for (const ConfigNode& item : node.items) texts.push_back(item.text);
  return texts;
}

TableReader::TableReader(const ConfigNode& table, std::span<const KeySpec> keys, Problems& problems,
                         Refusal why_refused)
    : table_(table),
      keys_(keys),
      problems_(problems),
      members_(keys.size(), nullptr),
      asked_(keys.size(), false) {
  if (table.kind != NodeKind::Table) {
    problems.error(table, "must be a table, not " + std::string(node_kind_text(table.kind)));
    return;
  }
  for (const ConfigNode& member : table.items) {
    const auto found = std::ranges::find(keys, member.name, &KeySpec::name);
    if (found != keys.end()) {
      check(member, *found);
      continue;
    }
    const std::string_view reason =
        why_refused == nullptr ? std::string_view() : why_refused(member.name);
    if (!reason.empty())
      problems.error(member, "is refused", std::string(reason));
    else
      problems.error(member, "is no key of this table", did_you_mean(member.name, key_names(keys)));
  }
}

void TableReader::check(const ConfigNode& member, const KeySpec& key) {
  const auto place = static_cast<std::size_t>(&key - keys_.data());
  if (!kind_fits(member, key.kind)) {
    problems_.error(member,
                    "must be " + expected_value(key) + ", not " +
                        (member.kind == NodeKind::List ? "an array of something else"
                                                       : std::string(node_kind_text(member.kind))));
    return;
  }
  const bool is_number = key.kind == KeyKind::Integer || key.kind == KeyKind::Real;
  if (is_number && !(member.real >= key.min && member.real <= key.max)) {
    problems_.error(member,
                    "is " + number_text(member.real) + ", but must be " + expected_value(key));
    return;
  }
  const auto choices = key_choices(key);
  if (key.kind == KeyKind::Choice && std::ranges::find(choices, member.text) == choices.end()) {
    const std::vector<std::string> known(choices.begin(), choices.end());
    problems_.error(member, "is '" + member.text + "', but must be " + expected_value(key),
                    did_you_mean(member.text, known));
    return;
  }
  if (key.kind == KeyKind::Texts) {
    const std::vector<std::string> texts = node_texts(member);
    if (texts.empty()) {
      problems_.error(member, "is an empty array", "Give at least one, or leave the key out");
      return;
    }
    if (std::ranges::find(texts, std::string()) != texts.end()) {
      problems_.error(member, "has an empty string in it");
      return;
    }
  }
  const bool is_text = key.kind == KeyKind::Text || key.kind == KeyKind::Path;
  if (is_text && member.text.empty()) {
    problems_.error(member, "is empty", "Give a value, or leave the key out");
    return;
  }
  if (is_text && member.text.find('\0') != std::string::npos) {
    problems_.error(member, "has a zero byte in it");
    return;
  }
  members_[place] = &member;
}

const KeySpec& TableReader::spec(std::string_view name, KeyKind kind) {
  const auto found = std::ranges::find(keys_, name, &KeySpec::name);
  CHECK(found != keys_.end() && found->kind == kind);
  asked_[static_cast<std::size_t>(found - keys_.begin())] = true;
  return *found;
}

const ConfigNode* TableReader::given(std::string_view name) {
  const auto found = std::ranges::find(keys_, name, &KeySpec::name);
  CHECK(found != keys_.end());
  const auto place = static_cast<std::size_t>(found - keys_.begin());
  asked_[place] = true;
  return members_[place];
}

std::string TableReader::text(std::string_view name) {
  const KeySpec& key = spec(name, KeyKind::Text);
  const ConfigNode* node = given(name);
  return node != nullptr ? node->text : std::string(key.fallback);
}

std::int64_t TableReader::integer(std::string_view name) {
  const KeySpec& key = spec(name, KeyKind::Integer);
  if (const ConfigNode* node = given(name); node != nullptr) return node->integer;
  std::int64_t value = 0;
  std::from_chars(key.fallback.data(), key.fallback.data() + key.fallback.size(), value);
  return value;
}

double TableReader::real(std::string_view name) {
  const KeySpec& key = spec(name, KeyKind::Real);
  if (const ConfigNode* node = given(name); node != nullptr) return node->real;
  double value = 0.0;
  std::from_chars(key.fallback.data(), key.fallback.data() + key.fallback.size(), value);
  return value;
}

bool TableReader::flag(std::string_view name) {
  const KeySpec& key = spec(name, KeyKind::Flag);
  const ConfigNode* node = given(name);
  return node != nullptr ? node->flag : key.fallback == "true";
}

std::vector<std::string> TableReader::texts(std::string_view name) {
  spec(name, KeyKind::Texts);
  const ConfigNode* node = given(name);
  return node != nullptr ? node_texts(*node) : std::vector<std::string>();
}

std::filesystem::path TableReader::path(std::string_view name) {
  spec(name, KeyKind::Path);
  const ConfigNode* node = given(name);
  // An absolute path on the right of `/` is itself.
  return node == nullptr ? std::filesystem::path() : node->folder() / node->text;
}

std::size_t TableReader::choice(std::string_view name, std::size_t absent) {
  const KeySpec& key = spec(name, KeyKind::Choice);
  const ConfigNode* node = given(name);
  const std::string_view chosen = node != nullptr ? std::string_view(node->text) : key.fallback;
  const auto choices = key_choices(key);
  const auto found = std::ranges::find(choices, chosen);
  return found == choices.end() ? absent : static_cast<std::size_t>(found - choices.begin());
}

bool TableReader::require(std::string_view name) {
  const auto found = std::ranges::find(keys_, name, &KeySpec::name);
  CHECK(found != keys_.end());
  if (given(name) != nullptr) return true;
  // What was given wrongly has its problem already.
  if (table_.kind == NodeKind::Table && table_.find(name) == nullptr)
    problems_.error(table_, "needs " + std::string(name), std::string(found->help));
  return false;
}

void TableReader::check_all_read() const {
  CHECK(std::ranges::find(asked_, false) == asked_.end());
}

}  // namespace croft

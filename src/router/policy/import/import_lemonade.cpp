// Facts about the format: schema version 1 and the golden cases of its authors, as of November
// 2026.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "router/policy/import/foreign_tree.h"
#include "router/policy/import/importers.h"
#include "router/policy/problems.h"

namespace croft {
namespace {

constexpr std::size_t kDepthMax = 7;  // of conditions: Croft's own limit with one level to spare

std::string_view reason_for(std::string_view name) {
  constexpr std::array reasons = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"classifiers",
       "its classifiers are models that Croft does not run: an intent model "
       "(`croft route train`) or the sensitivity gate may do what they did"},
      {"router", "Croft asks no language model where to send a prompt"},
      {"outputs", "Croft has no outputs of rules: the trace has the rule's name and reason"},
      {"components", "its list of models to load: Croft loads what a route or --also names"},
      {"models", "its manifests of models: see `croft pull`"},
  });
  const auto found = std::ranges::find(reasons, name, &decltype(reasons)::value_type::first);
  return found == reasons.end() ? std::string_view() : found->second;
}

/// One condition that Croft has too.
struct Leaf {
  std::string_view theirs;
  std::string_view ours;
  NodeKind kind;
};
constexpr std::array kLeaves = std::to_array<Leaf>({
    {"keywords_any", "keywords_any", NodeKind::List},
    {"keywords_all", "keywords_all", NodeKind::List},
    {"min_chars", "bytes_min", NodeKind::Integer},  // both count UTF-8 bytes of the last user turn
    {"max_chars", "bytes_max", NodeKind::Integer},
    {"min_total_chars", "total_bytes_min", NodeKind::Integer},
    {"max_total_chars", "total_bytes_max", NodeKind::Integer},
    {"has_tools", "tools", NodeKind::Flag},
    {"has_images", "images", NodeKind::Flag},
});

class LemonadeImport {
 public:
  LemonadeImport(const ConfigNode& root, const ConfigNode& routing,
                 const std::vector<std::string>& cloud)
      : tree_(root), routing_(routing), cloud_names_(cloud) {}

  Result<RouterImport> run() {
    const ConfigNode& root = tree_.root();
    const ConfigNode* version = root.find("version");
    if (version != nullptr) {
      const bool is_one = version->text == "1" || version->integer == 1;
      if (!is_one)
        return fail(ErrorCode::InvalidArgument,
                    version->place() + ": version is not \"1\", the only one that is understood",
                    {}, "version");
      tree_.take(*version);
    }
    (void)tree_.text(&root, "recipe");
    route_ = tree_.text(&root, "model_name").value_or("croft/auto");
    auto read = read_candidates();
    if (!read) return std::unexpected(std::move(read).error());
    if (const ConfigNode* rules = ForeignTree::list(&routing_, "rules"); rules != nullptr)
      for (const ConfigNode& rule : rules->items) read_rule(rule);
    if (const ConfigNode* router = routing_.find("router"); router != nullptr)
      tree_.note(
          ImportNoteKind::Changed, *router,
          "without its language model every prompt that no rule matches goes to the default");
    RouterImport out{.format = "lemonade", .toml = write(), .notes = {}};
    out.notes = tree_.finish(reason_for);
    return out;
  }

 private:
  [[nodiscard]] bool is_cloud(const std::string& name) const {
    return std::ranges::find(cloud_names_, name) != cloud_names_.end();
  }

  Result<void> read_candidates() {
    const ConfigNode* list = ForeignTree::list(&routing_, "candidates");
    std::vector<std::string> names;
    for (const ConfigNode& each : list == nullptr ? std::vector<ConfigNode>() : list->items)
      if (each.kind == NodeKind::Text && !each.text.empty() &&
          std::ranges::find(names, each.text) == names.end())
        names.push_back(each.text);
    if (names.empty())
      return fail(ErrorCode::InvalidArgument,
                  routing_.place() + ": routing.candidates names no model", {}, "candidates");
    tree_.take(*list);
    for (const std::string& name : cloud_names_)
      if (std::ranges::find(names, name) == names.end())
        return fail(ErrorCode::InvalidArgument,
                    "--cloud names " + name + ", which is no candidate of this file",
                    did_you_mean(name, names), "cloud");
    const auto default_model = tree_.text(&routing_, "default_model");
    // The default comes first: Croft asks the first of the kind that its default names.
    if (default_model) {
      std::erase(names, *default_model);
      names.insert(names.begin(), *default_model);
    }
    for (const std::string& name : names) (is_cloud(name) ? cloud_ : local_).push_back(name);
    default_is_cloud_ = is_cloud(names.front());
    const ConfigNode& blamed = default_model ? *routing_.find("default_model") : *list;
    tree_.note(ImportNoteKind::Changed, blamed,
               default_is_cloud_
                   ? "fails open there: what no rule matches, and what a failed classifier leaves, "
                     "goes to the cloud. In Croft it goes there only where its text was examined "
                     "and nothing sensitive was found (privacy = \"local-only\")"
                   : "fails open there: a rule whose classifier fails is passed by. In Croft a "
                     "missing signal keeps a request on this machine (privacy = \"local-only\")");
    if (cloud_.empty())
      tree_.note(
          ImportNoteKind::Changed, *list,
          "the file does not say which candidates run in the cloud: all are taken for models "
          "of this machine. Name the others with --cloud");
    return {};
  }

  void read_rule(const ConfigNode& rule) {
    const auto id = tree_.text(&rule, "id");
    const auto use = tree_.text(&rule, "route_to");
    const ConfigNode* match = rule.find("match");
    const bool known = use && (std::ranges::find(local_, *use) != local_.end() ||
                               std::ranges::find(cloud_, *use) != cloud_.end());
    std::string why = "has no id, no match, or routes to what is no candidate";
    std::optional<std::string> conditions;
    if (id && known && match != nullptr && match->kind == NodeKind::Table)
      conditions = translate(*match, why, 0);
    if (!conditions) {
      // Without one of its conditions a rule would match more than it did; without the rule later
      // ones match what it kept.
      tree_.note(ImportNoteKind::Dropped, rule,
                 why + ". Requests that it matched now go on to the rules after it");
      tree_.take(rule);
      rules_ += "\n# Rule " + toml_comment(id.value_or("without a name")) +
                " was not carried over: " + toml_comment(why) + "\n";
      return;
    }
    tree_.take(*match);
    std::string name = *id == "default" ? "default-rule" : *id;
    for (std::size_t n = 2; std::ranges::find(rule_names_, name) != rule_names_.end(); ++n)
      name = *id + "#" + std::to_string(n);
    rule_names_.push_back(name);
    rules_ += "\n[[routes." + toml_text(route_) + ".rules]]\nname = " + toml_text(name) +
              "\nwhen = " + *conditions + "\nuse = " + toml_text(use_of(*use)) + "\n";
  }

  /// A candidate that is called as a mode is meant as a candidate.
  [[nodiscard]] std::string use_of(const std::string& name) const {
    return is_cloud(name) ? name : "local:" + name;
  }

  std::optional<std::string> translate(const ConfigNode& match, std::string& why,
                                       std::size_t depth) {
    if (depth > kDepthMax) {
      why = "its conditions are nested too deep";
      return std::nullopt;
    }
    std::string out = "{ ";
    for (const ConfigNode& each : match.items) {
      const auto part = translate_one(each, why, depth);
      if (!part) return std::nullopt;
      out += (out.size() > 2 ? ", " : "") + *part;
    }
    if (match.items.empty()) {
      why = "has an empty condition";
      return std::nullopt;
    }
    return out + " }";
  }

  std::optional<std::string> translate_one(const ConfigNode& each, std::string& why,
                                           std::size_t depth) {
    if (each.name == "not" && each.kind == NodeKind::Table) {
      const auto inner = translate(each, why, depth + 1);
      return inner ? std::optional("not = " + *inner) : std::nullopt;
    }
    if ((each.name == "any" || each.name == "all") && each.kind == NodeKind::List &&
        !each.items.empty()) {
      std::string out = each.name + " = [";
      for (const ConfigNode& item : each.items) {
        const auto inner = translate(item, why, depth + 1);
        if (!inner) return std::nullopt;
        out += (out.ends_with('[') ? "" : ", ") + *inner;
      }
      return out + "]";
    }
    return translate_leaf(each, why);
  }

  static std::optional<std::string> translate_leaf(const ConfigNode& each, std::string& why) {
    const auto leaf = std::ranges::find(kLeaves, each.name, &Leaf::theirs);
    if (leaf == kLeaves.end() || leaf->kind != each.kind) {
      why = "its condition " + toml_comment(each.name) + " has no equal in Croft";
      return std::nullopt;
    }
    const std::string key = std::string(leaf->ours) + " = ";
    if (each.kind == NodeKind::Flag) return key + (each.flag ? "true" : "false");
    if (each.kind == NodeKind::Integer) {
      if (each.integer >= 0 && each.integer <= 1'000'000'000)
        return key + std::to_string(each.integer);
      why = "its condition " + toml_comment(each.name) + " is out of range";
      return std::nullopt;
    }
    std::vector<std::string> words;
    for (const ConfigNode& word : each.items)
      if (word.kind == NodeKind::Text && !word.text.empty()) words.push_back(word.text);
    if (words.empty() || words.size() != each.items.size()) {
      why = "its condition " + toml_comment(each.name) + " has something else than words in it";
      return std::nullopt;
    }
    return key + toml_texts(words);
  }

  std::string write() {
    std::string out = "# Made by `croft route import` from a collection.router of Lemonade.\n";
    for (const std::string& name : cloud_) {
      tree_.note(ImportNoteKind::ToFinish, *routing_.find("candidates"),
                 "the file does not say where " + toml_comment(name) +
                     " runs nor what it costs: fill in its [models] entry and an upstream");
      out += "\n[models." + toml_text(name) +
             "]\n# upstream =   # an entry of [upstreams]\n# price_in =   # per million tokens\n"
             "# price_out =\n";
    }
    out += "\n[routes." + toml_text(route_) + "]\n";
    if (!local_.empty()) out += "local = " + toml_texts(prefixed(local_)) + "\n";
    if (!cloud_.empty()) out += "cloud = " + toml_texts(cloud_) + "\norder = \"listed\"\n";
    out += std::string("default = \"") + (default_is_cloud_ ? "cloud" : "local") + "\"\n";
    return out + rules_;
  }

  [[nodiscard]] static std::vector<std::string> prefixed(const std::vector<std::string>& names) {
    std::vector<std::string> out;
    for (const std::string& name : names) out.push_back("local:" + name);
    return out;
  }

  ForeignTree tree_;
  const ConfigNode& routing_;
  const std::vector<std::string>& cloud_names_;
  std::string route_;
  std::vector<std::string> local_;
  std::vector<std::string> cloud_;
  bool default_is_cloud_ = false;
  std::vector<std::string> rule_names_;
  std::string rules_;
};

}  // namespace

Result<RouterImport> import_lemonade(const ConfigNode& root,
                                     const std::vector<std::string>& cloud) {
  const ConfigNode* routing = ForeignTree::table(&root, "routing");
  if (routing == nullptr)
    return fail(ErrorCode::InvalidArgument, root.place() + ": has no table routing",
                "This must be a collection.router of Lemonade", "routing");
  return LemonadeImport(root, *routing, cloud).run();
}

}  // namespace croft

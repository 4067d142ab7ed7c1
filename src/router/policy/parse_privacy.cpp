#include <algorithm>
#include <filesystem>
#include <utility>

#include "router/policy/config_keys.h"
#include "router/policy/parse_parts.h"
#include "router/policy/table_reader.h"
#include "router/privacy/custom/custom_rules.h"

namespace croft {
namespace {

using privacy::CustomPattern;
using privacy::CustomRules;
using privacy::WordLists;

/// The type of this name, or a problem of `node`.
std::optional<privacy::EntityType> read_type(const ConfigNode& node, std::string_view name,
                                             Problems& problems) {
  const auto type = privacy::entity_type_named(name);
  if (type) return *type;
  problems.error(node, "is wrong: " + type.error().message, type.error().hint);
  return std::nullopt;
}

void read_context(TableReader& reader, CustomPattern& pattern, Problems& problems) {
  pattern.context = reader.texts("context");
  const ConfigNode* const given = reader.given("context");
  if (given == nullptr) return;
  if (pattern.context.size() > CustomRules::context_words_max)
    problems.error(*given,
                   "has more than " + std::to_string(CustomRules::context_words_max) + " words");
  if (std::ranges::any_of(pattern.context, &std::string::empty))
    problems.error(*given, "has an empty word in it");
}

void read_pattern(const ConfigNode& node, CustomRules& rules, Problems& problems) {
  TableReader reader(node, pattern_keys(), problems);
  const std::size_t errors = problems.errors();
  CustomPattern pattern;
  if (reader.require("name"))
    if (const auto type = read_type(*reader.given("name"), reader.text("name"), problems))
      pattern.type = *type;
  pattern.regex = reader.text("regex");
  pattern.score = static_cast<float>(reader.real("score"));
  read_context(reader, pattern, problems);
  if (pattern.score == 0.0f && pattern.context.empty())
    problems.error(node, "has a score of 0 and no context: it would find nothing",
                   "Give it a score, or words of context");
  const bool has_regex = reader.require("regex");
  reader.check_all_read();
  if (!has_regex || problems.errors() != errors) return;
  if (auto added = rules.add_pattern(std::move(pattern)); !added)
    problems.error(*reader.given("regex"), added.error().message, added.error().hint);
}

void read_list(const ConfigNode& node, const RouterSurroundings& around, WordLists& lists,
               Problems& problems) {
  if (node.kind != NodeKind::Text || node.text.empty()) {
    problems.error(node, "must be the name of a file");
    return;
  }
  const auto type = read_type(node, node.name, problems);
  const std::filesystem::path path = node.folder() / node.text;
  if (!type || !around.read_words) return;
  const auto text = around.read_words(path);
  if (!text) {
    problems.error(node, "cannot be read: " + text.error().message, text.error().hint);
    return;
  }
  if (auto added = lists.add(*text, path.string(), *type); !added)
    problems.error(node, "is wrong: " + added.error().message, added.error().hint);
}

}  // namespace

std::shared_ptr<const CustomRules> parse_privacy(const ConfigNode& root,
                                                 const RouterSurroundings& around,
                                                 Problems& problems) {
  const ConfigNode* const given = root.find("privacy");
  if (given == nullptr) return nullptr;
  TableReader reader(*given, privacy_keys(), problems);
  auto rules = std::make_shared<CustomRules>();
  if (const ConfigNode* const patterns = reader.given("patterns"); patterns != nullptr)
    for (const ConfigNode& pattern : patterns->items) read_pattern(pattern, *rules, problems);
  if (const ConfigNode* const words = reader.given("words"); words != nullptr) {
    WordLists lists;
    for (const ConfigNode& list : words->items) read_list(list, around, lists, problems);
    lists.finish();
    rules->set_words(std::move(lists));
  }
  const std::vector<std::string> allowed = reader.texts("allow");
  if (allowed.size() > CustomRules::allow_max)
    problems.error(*reader.given("allow"),
                   "has more than " + std::to_string(CustomRules::allow_max) + " entries");
  rules->set_allowed(allowed);
  reader.check_all_read();
  return rules;
}

}  // namespace croft

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "router/policy/config_keys.h"
#include "router/policy/parse_parts.h"
#include "router/policy/table_reader.h"

namespace croft {
namespace {

constexpr int kDayMinutes = 24 * 60;
constexpr std::size_t kTextsMax = 10'000;
constexpr std::size_t kKeywordBytesMax = 1000;

std::string written_value(const ConfigNode& node) {
  switch (node.kind) {
    case NodeKind::Text:
      return node.text;
    case NodeKind::Flag:
      return node.flag ? "true" : "false";
    case NodeKind::Integer:
      return std::to_string(node.integer);
    case NodeKind::Real: {
      std::string text = std::to_string(node.real);
      text.erase(text.find_last_not_of('0') + 1);
      if (text.ends_with('.')) text.pop_back();
      return text;
    }
    default:
      break;
  }
  std::string text;
  for (const ConfigNode& item : node.items) text += (text.empty() ? "" : ", ") + item.text;
  return text;
}

Condition make(ConditionKind kind, const ConfigNode& node) {
  Condition condition;
  condition.kind = kind;
  condition.key = node.name;
  condition.written = written_value(node);
  return condition;
}

/// Removes `word` and says whether it was there.
bool take(std::vector<std::string>& texts, std::string_view word) {
  return std::erase(texts, word) > 0;
}

/// "08:30" -> 510; "24:00" is the end of a day.
std::optional<int> read_minute(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return std::nullopt;
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour * 60 + minute > kDayMinutes) return std::nullopt;
  return hour * 60 + minute;
}

std::optional<int> read_day(std::string_view text) {
  constexpr std::array<std::string_view, 7> names = {"mon", "tue", "wed", "thu",
                                                     "fri", "sat", "sun"};
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

/// The bits of "tue" or "fri-mon"; 0 where it is neither.
std::uint8_t read_days(std::string_view text) {
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto first = read_day(text.substr(0, dash));
  const auto last = dash == text.size() ? first : read_day(text.substr(dash + 1));
  if (!first || !last) return 0;
  std::uint8_t bits = 0;
  for (int day = *first;; day = (day + 1) % 7) {
    bits = static_cast<std::uint8_t>(bits | (1U << day));
    if (day == *last) return bits;
  }
}

void read_time(TableReader& reader, Problems& problems, std::vector<Condition>& out) {
  const ConfigNode* hours = reader.given("hours");
  const ConfigNode* days = reader.given("days");
  if (hours == nullptr && days == nullptr) return;
  // One condition: whether it is still Monday at 01:00 depends on when the hours began.
  Condition condition = make(ConditionKind::Time, hours != nullptr ? *hours : *days);
  if (hours != nullptr) {
    const std::string_view text = hours->text;
    const std::size_t dash = std::min(text.find('-'), text.size());
    const auto from = read_minute(text.substr(0, dash));
    const auto until = dash < text.size() ? read_minute(text.substr(dash + 1)) : std::nullopt;
    if (!from || !until || *from == kDayMinutes)
      problems.error(*hours, "is '" + hours->text + "', but must be hours such as 08:00-18:00");
    else if (*from == *until)
      problems.error(*hours, "begins and ends at the same minute", "The whole day is 00:00-24:00");
    else
      condition.window.from = *from, condition.window.until = *until;
  }
  if (days != nullptr) {
    condition.window.days = 0;
    for (const std::string& text : node_texts(*days)) {
      const std::uint8_t bits = read_days(text);
      condition.window.days = static_cast<std::uint8_t>(condition.window.days | bits);
      if (bits == 0)
        problems.error(*days, "has '" + text + "' in it, which is no day",
                       "Days are mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri");
    }
    if (hours != nullptr) {
      condition.key = "hours, days";
      condition.written += " " + written_value(*days);
    }
  }
  out.push_back(std::move(condition));
}

void read_intent(TableReader& reader, Problems& problems, std::vector<Condition>& out) {
  const ConfigNode* intent = reader.given("intent");
  const ConfigNode* below = reader.given("intent_below");
  const ConfigNode* none = reader.given("no_intent_signal");
  if (intent != nullptr) {
    Condition condition = make(ConditionKind::Intent, *intent);
    condition.texts = node_texts(*intent);
    condition.unknown = take(condition.texts, "unknown");
    if (none != nullptr && none->flag)
      problems.error(*none, "contradicts intent: both can never hold");
    out.push_back(std::move(condition));
  }
  if (below != nullptr) {
    Condition condition = make(ConditionKind::IntentBelow, *below);
    condition.number = below->real;
    if (condition.number <= 0) problems.error(*below, "can never hold: no probability is below 0");
    out.push_back(std::move(condition));
  }
  if (none != nullptr) {
    Condition condition = make(ConditionKind::NoIntentSignal, *none);
    condition.flag = none->flag;
    out.push_back(std::move(condition));
  }
}

void read_sensitivity(TableReader& reader, Problems& problems, std::vector<Condition>& out) {
  const ConfigNode* node = reader.given("sensitivity");
  if (node == nullptr) return;
  Condition condition = make(ConditionKind::Sensitivity, *node);
  condition.texts = node_texts(*node);
  condition.unknown = take(condition.texts, "unknown");
  condition.any_found = take(condition.texts, "any");
  condition.none_found = take(condition.texts, "none");
  for (const std::string& name : condition.texts) {
    const bool is_entity = std::ranges::all_of(
        name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
    if (!is_entity)
      problems.error(*node, "has '" + name + "' in it",
                     "It must be any, none, unknown, or names of entities such as IBAN_CODE");
  }
  if (condition.any_found && !condition.texts.empty())
    problems.warning(*node, "names entities beside any, which covers them");
  if (condition.any_found && condition.none_found && condition.unknown)
    problems.warning(*node, "holds for every request");
  out.push_back(std::move(condition));
}

void read_keywords(TableReader& reader, Problems& problems, std::vector<Condition>& out) {
  for (const auto& [key, kind] : {std::pair("keywords_any", ConditionKind::KeywordsAny),
                                  std::pair("keywords_all", ConditionKind::KeywordsAll)}) {
    const ConfigNode* node = reader.given(key);
    if (node == nullptr) continue;
    Condition condition = make(kind, *node);
    condition.texts = node_texts(*node);
    for (std::string& text : condition.texts) {
      std::ranges::transform(text, text.begin(), ascii_lower);
      if (text.size() > kKeywordBytesMax)
        problems.error(*node, "has a text of " + std::to_string(text.size()) + " bytes in it",
                       "At most " + std::to_string(kKeywordBytesMax) + " are compared");
    }
    out.push_back(std::move(condition));
  }
}

void read_named(TableReader& reader, Problems& problems, std::vector<Condition>& out) {
  for (const auto& [key, kind] : {std::pair("language", ConditionKind::Language),
                                  std::pair("tenant", ConditionKind::Tenant)}) {
    const ConfigNode* node = reader.given(key);
    if (node == nullptr) continue;
    Condition condition = make(kind, *node);
    condition.texts = node_texts(*node);
    condition.unknown = take(condition.texts, "unknown");
    for (const std::string& text : condition.texts) {
      const bool is_code = text.size() >= 2 && text.size() <= 3 &&
                           std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
      if (kind == ConditionKind::Language && !is_code)
        problems.error(*node, "has '" + text + "' in it, which is no language",
                       "Languages are codes such as en or de, or unknown");
    }
    out.push_back(std::move(condition));
  }
}

struct NumberKey {
  const char* key;
  ConditionKind kind;
};

void read_numbers(TableReader& reader, Problems& problems, std::vector<Condition>& out) {
  constexpr std::array<std::pair<NumberKey, NumberKey>, 4> ranges = {{
      {{"characters_min", ConditionKind::CharactersMin},
       {"characters_max", ConditionKind::CharactersMax}},
      {{"bytes_min", ConditionKind::BytesMin}, {"bytes_max", ConditionKind::BytesMax}},
      {{"total_bytes_min", ConditionKind::TotalBytesMin},
       {"total_bytes_max", ConditionKind::TotalBytesMax}},
      {{"tokens_min", ConditionKind::TokensMin}, {"tokens_max", ConditionKind::TokensMax}},
  }};
  const auto read = [&](const NumberKey& key) -> const ConfigNode* {
    const ConfigNode* node = reader.given(key.key);
    if (node == nullptr) return nullptr;
    Condition condition = make(key.kind, *node);
    condition.number = node->real;
    out.push_back(std::move(condition));
    return node;
  };
  for (const auto& [low, high] : ranges) {
    const ConfigNode* min = read(low);
    const ConfigNode* max = read(high);
    if (min != nullptr && max != nullptr && min->real > max->real)
      problems.error(*min, "is more than " + std::string(high.key) + ": both can never hold");
  }
  for (const NumberKey& key : {NumberKey{"deadline_below_ms", ConditionKind::DeadlineBelow},
                               NumberKey{"budget_left_below", ConditionKind::BudgetLeftBelow}})
    if (const ConfigNode* node = read(key); node != nullptr && node->real <= 0)
      problems.error(*node, "can never hold: nothing is below 0");
}

void read_flags(TableReader& reader, std::vector<Condition>& out) {
  for (const auto& [key, kind] :
       {std::pair("tools", ConditionKind::Tools), std::pair("json", ConditionKind::Json),
        std::pair("code", ConditionKind::Code), std::pair("images", ConditionKind::Images)}) {
    const ConfigNode* node = reader.given(key);
    if (node == nullptr) continue;
    Condition condition = make(kind, *node);
    condition.flag = node->flag;
    out.push_back(std::move(condition));
  }
}

void read_combined(TableReader& reader, Problems& problems, std::size_t depth,
                   std::vector<Condition>& out) {
  for (const auto& [key, kind] :
       {std::pair("any", ConditionKind::Any), std::pair("all", ConditionKind::All)}) {
    const ConfigNode* node = reader.given(key);
    if (node == nullptr) continue;
    Condition condition = make(kind, *node);
    condition.written.clear();
    if (node->items.empty()) problems.error(*node, "is an empty array");
    for (const ConfigNode& item : node->items) {
      Condition group = make(ConditionKind::All, item);
      group.children = parse_conditions(item, problems, depth + 1);
      condition.children.push_back(std::move(group));
    }
    out.push_back(std::move(condition));
  }
  if (const ConfigNode* node = reader.given("not"); node != nullptr) {
    Condition condition = make(ConditionKind::Not, *node);
    condition.written.clear();
    condition.children = parse_conditions(*node, problems, depth + 1);
    out.push_back(std::move(condition));
  }
}

}  // namespace

std::vector<Condition> parse_conditions(const ConfigNode& table, Problems& problems,
                                        std::size_t depth) {
  std::vector<Condition> out;
  if (depth > condition_depth_max) {
    problems.error(table, "is nested more than " + std::to_string(condition_depth_max) + " deep");
    return out;
  }
  TableReader reader(table, condition_keys(), problems);
  if (depth > 0 && table.kind == NodeKind::Table && table.items.empty())
    problems.error(table, "has no condition in it");
  for (const ConfigNode& member : table.items)
    if (member.kind == NodeKind::List && member.items.size() > kTextsMax)
      problems.error(member, "has more than " + std::to_string(kTextsMax) + " elements");
  // Cheap ones first: the first that does not hold ends the look at a rule.
  read_flags(reader, out);
  read_numbers(reader, problems, out);
  read_time(reader, problems, out);
  read_sensitivity(reader, problems, out);
  read_intent(reader, problems, out);
  read_named(reader, problems, out);
  read_keywords(reader, problems, out);
  read_combined(reader, problems, depth, out);
  reader.check_all_read();
  return out;
}

}  // namespace croft

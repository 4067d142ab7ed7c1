#pragma once
/// One condition of a rule, and whether it holds. Three answers: yes, no, and unknown where the
/// signal is missing (Kleene's logic), so that nothing missing passes for a no under `not`.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "router/policy/signals.h"

namespace croft {

enum class ConditionKind : std::uint8_t {
  Intent,
  IntentBelow,
  NoIntentSignal,
  Sensitivity,
  CharactersMin,
  CharactersMax,
  BytesMin,
  BytesMax,
  TotalBytesMin,
  TotalBytesMax,
  TokensMin,
  TokensMax,
  KeywordsAny,
  KeywordsAll,
  Language,
  Tools,
  Json,
  Code,
  Images,
  DeadlineBelow,
  Tenant,
  Time,
  BudgetLeftBelow,
  Any,  ///< one of children holds
  All,  ///< all of children hold; a table inside `any` or `all`
  Not,  ///< children, all together, do not hold
};

/// Hours of days; minutes of the day, `until` excluded. from > until runs over midnight.
struct TimeWindow {
  int from = 0;
  int until = 24 * 60;
  std::uint8_t days = 0x7F;  ///< bit 0: Monday

  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

struct Condition {
  ConditionKind kind = ConditionKind::All;
  std::string key;                 ///< as the file has it: "tokens_min", "hours, days"
  std::vector<std::string> texts;  ///< one of them (KeywordsAll: each); keywords in lower case
  bool unknown = false;            ///< a missing signal is what it asks for
  bool any_found = false;          ///< of Sensitivity: whatever it is
  bool none_found = false;
  bool flag = false;
  double number = 0.0;
  TimeWindow window;
  std::vector<Condition> children;
  std::string written;  ///< the value as text, for traces

  /// Asks the same: used to find rules that can never match.
  friend bool operator==(const Condition& a, const Condition& b) {
    return a.kind == b.kind && a.texts == b.texts && a.unknown == b.unknown &&
           a.any_found == b.any_found && a.none_found == b.none_found && a.flag == b.flag &&
           a.number == b.number && a.window == b.window && a.children == b.children;
  }
};

enum class Holds : std::uint8_t { No, Unknown, Yes };
[[nodiscard]] std::string_view holds_text(Holds holds);

/// No I/O, no clock, no memory taken.
[[nodiscard]] Holds evaluate(const Condition& condition, const GateSignals& signals, WallClock now);

/// ASCII letters in lower case, all other bytes as they are.
[[nodiscard]] char ascii_lower(char c);

/// `*` any text, `?` one byte. Time is the product of the lengths at most.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace croft

#include "router/policy/condition.h"

#include <algorithm>
#include <cstring>

namespace croft {
namespace {

Holds yes_if(bool holds) {
  return holds ? Holds::Yes : Holds::No;
}

bool has(const std::vector<std::string>& texts, std::string_view text) {
  return std::ranges::find(texts, text) != texts.end();
}

Holds intent_holds(const Condition& condition, const GateSignals& signals) {
  if (!signals.intent) return condition.unknown ? Holds::Yes : Holds::Unknown;
  return yes_if(!signals.intent->label.empty() && has(condition.texts, signals.intent->label));
}

Holds sensitivity_holds(const Condition& condition, const GateSignals& signals) {
  switch (signals.sensitivity) {
    case SensitivitySignal::Unknown:
      return condition.unknown ? Holds::Yes : Holds::Unknown;
    case SensitivitySignal::None:
      return yes_if(condition.none_found);
    case SensitivitySignal::Found:
      break;
  }
  return yes_if(condition.any_found ||
                std::ranges::any_of(signals.entities, [&](std::string_view entity) {
                  return has(condition.texts, entity);
                }));
}

Holds time_holds(const TimeWindow& window, WallClock now) {
  const auto on = [&](int weekday) { return (window.days >> weekday & 1) != 0; };
  if (window.from < window.until)
    return yes_if(on(now.weekday) && now.minute >= window.from && now.minute < window.until);
  // Over midnight: the early hours belong to the day before.
  return yes_if((on(now.weekday) && now.minute >= window.from) ||
                (on((now.weekday + 6) % 7) && now.minute < window.until));
}

Holds all_hold(const std::vector<Condition>& children, const GateSignals& signals, WallClock now) {
  Holds result = Holds::Yes;
  for (const Condition& child : children) {
    result = std::min(result, evaluate(child, signals, now));
    if (result == Holds::No) break;
  }
  return result;
}

Holds any_holds(const std::vector<Condition>& children, const GateSignals& signals, WallClock now) {
  Holds result = Holds::No;
  for (const Condition& child : children) {
    result = std::max(result, evaluate(child, signals, now));
    if (result == Holds::Yes) break;
  }
  return result;
}

Holds negated(Holds holds) {
  if (holds == Holds::Unknown) return holds;
  return holds == Holds::Yes ? Holds::No : Holds::Yes;
}

Holds at_least(std::size_t value, const Condition& condition) {
  return yes_if(static_cast<double>(value) >= condition.number);
}

Holds at_most(std::size_t value, const Condition& condition) {
  return yes_if(static_cast<double>(value) <= condition.number);
}

Holds tenant_holds(const Condition& condition, std::string_view tenant) {
  if (tenant.empty()) return condition.unknown ? Holds::Yes : Holds::Unknown;
  return yes_if(std::ranges::any_of(
      condition.texts, [&](const std::string& pattern) { return glob_matches(pattern, tenant); }));
}

}  // namespace

std::string_view holds_text(Holds holds) {
  switch (holds) {
    case Holds::Yes:
      return "yes";
    case Holds::Unknown:
      return "unknown";
    case Holds::No:
      break;
  }
  return "no";
}

Holds evaluate(const Condition& condition, const GateSignals& signals, WallClock now) {
  // memmem of glibc is linear in both lengths, and several bytes a step for most texts.
  const auto in_text = [&](const std::string& keyword) {
    return memmem(signals.folded.data(), signals.folded.size(), keyword.data(), keyword.size()) !=
           nullptr;
  };
  switch (condition.kind) {
    case ConditionKind::Intent:
      return intent_holds(condition, signals);
    case ConditionKind::IntentBelow:
      if (!signals.intent) return Holds::Unknown;
      return yes_if(signals.intent->probability < condition.number);
    case ConditionKind::NoIntentSignal:
      if (!signals.intent) return Holds::Unknown;
      return yes_if(signals.intent->label.empty() == condition.flag);
    case ConditionKind::Sensitivity:
      return sensitivity_holds(condition, signals);
    case ConditionKind::CharactersMin:
      return at_least(signals.characters, condition);
    case ConditionKind::CharactersMax:
      return at_most(signals.characters, condition);
    case ConditionKind::BytesMin:
      return at_least(signals.text.size(), condition);
    case ConditionKind::BytesMax:
      return at_most(signals.text.size(), condition);
    case ConditionKind::TotalBytesMin:
      return at_least(signals.total_bytes, condition);
    case ConditionKind::TotalBytesMax:
      return at_most(signals.total_bytes, condition);
    case ConditionKind::TokensMin:
      return at_least(signals.tokens, condition);
    case ConditionKind::TokensMax:
      return at_most(signals.tokens, condition);
    case ConditionKind::KeywordsAny:
      return yes_if(std::ranges::any_of(condition.texts, in_text));
    case ConditionKind::KeywordsAll:
      return yes_if(std::ranges::all_of(condition.texts, in_text));
    case ConditionKind::Language:
      if (!signals.language) return condition.unknown ? Holds::Yes : Holds::Unknown;
      return yes_if(has(condition.texts, *signals.language));
    case ConditionKind::Tools:
      return yes_if(signals.tools == condition.flag);
    case ConditionKind::Json:
      return yes_if(signals.json == condition.flag);
    case ConditionKind::Code:
      return signals.code ? yes_if(*signals.code == condition.flag) : Holds::Unknown;
    case ConditionKind::Images:
      return yes_if(signals.images == condition.flag);
    case ConditionKind::DeadlineBelow:
      if (!signals.deadline) return Holds::Unknown;
      return yes_if(static_cast<double>(signals.deadline->count()) < condition.number);
    case ConditionKind::Tenant:
      return tenant_holds(condition, signals.tenant);
    case ConditionKind::Time:
      return time_holds(condition.window, now);
    case ConditionKind::BudgetLeftBelow:
      return signals.budget_left ? yes_if(*signals.budget_left < condition.number) : Holds::Unknown;
    case ConditionKind::Any:
      return any_holds(condition.children, signals, now);
    case ConditionKind::All:
      return all_hold(condition.children, signals, now);
    case ConditionKind::Not:
      return negated(all_hold(condition.children, signals, now));
  }
  return Holds::Unknown;
}

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last `*`, and where its text began
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace croft

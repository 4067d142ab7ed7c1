#include "router/policy/assume.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "router/policy/problems.h"

namespace croft {
namespace {

template <typename Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::unexpected<Error> wrong(std::string_view key, std::string_view value, std::string_view must) {
  return fail(ErrorCode::InvalidArgument,
              "assumed " + std::string(key) + " is '" + std::string(value) + "', but must be " +
                  std::string(must),
              {}, std::string(key));
}

}  // namespace

Result<void> AssumedSignals::add(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos)
    return fail(ErrorCode::InvalidArgument,
                "'" + std::string(assignment) + "' is no assumption: it must be KEY=VALUE");
  const std::string_view key = assignment.substr(0, equals);
  const std::string_view value = assignment.substr(equals + 1);
  if (key == "intent") return add_intent(value);
  if (key == "sensitivity") return add_sensitivity(value);
  if (key == "language") {
    if (value.empty()) return wrong(key, value, "a code such as de");
    language_ = value;
    has_language_ = true;
    return {};
  }
  if (key == "code") {
    if (value != "true" && value != "false") return wrong(key, value, "true or false");
    values_.code = value == "true";
    has_code_ = true;
    return {};
  }
  if (key == "budget_left") {
    const auto amount = read_number<double>(value);
    if (!amount || !std::isfinite(*amount)) return wrong(key, value, "a number");
    values_.budget_left = *amount;
    return {};
  }
  const std::vector<std::string> known = {"intent",      "sensitivity", "language",
                                          "code",        "tokens",      "answer_tokens",
                                          "deadline_ms", "budget_left", "draw"};
  const auto number = read_number<std::uint32_t>(value);
  const bool is_count =
      key == "tokens" || key == "answer_tokens" || key == "deadline_ms" || key == "draw";
  if (!is_count)
    return fail(ErrorCode::InvalidArgument, "'" + std::string(key) + "' is no signal",
                did_you_mean(key, known), std::string(key));
  if (!number) return wrong(key, value, "a whole number");
  if (key == "tokens") {
    values_.tokens = *number;
    has_tokens_ = true;
  } else if (key == "answer_tokens") {
    values_.answer_tokens = *number;
    has_answer_tokens_ = true;
  } else if (key == "draw") {
    values_.draw = *number;
    has_draw_ = true;
  } else {
    values_.deadline = std::chrono::milliseconds(*number);
  }
  return {};
}

Result<void> AssumedSignals::add_intent(std::string_view value) {
  double probability = 1.0;
  std::string_view label = value;
  if (const std::size_t colon = value.rfind(':'); colon != std::string_view::npos) {
    const auto given = read_number<double>(value.substr(colon + 1));
    if (!given || !(*given >= 0 && *given <= 1))
      return wrong("intent", value, "LABEL or LABEL:PROBABILITY");
    probability = *given;
    label = value.substr(0, colon);
  }
  if (label.empty()) return wrong("intent", value, "LABEL or LABEL:PROBABILITY");
  intent_label_ = label == "none" ? std::string_view() : label;
  values_.intent = IntentSignal{{}, probability};
  has_intent_ = true;
  return {};
}

Result<void> AssumedSignals::add_sensitivity(std::string_view value) {
  has_sensitivity_ = true;
  entities_.clear();
  if (value == "none" || value == "unknown") {
    values_.sensitivity = value == "none" ? SensitivitySignal::None : SensitivitySignal::Unknown;
    entity_views_.clear();
    return {};
  }
  values_.sensitivity = SensitivitySignal::Found;
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    if (comma > 0) entities_.emplace_back(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  if (entities_.empty()) return wrong("sensitivity", "", "none, unknown, or names of entities");
  entity_views_.assign(entities_.begin(), entities_.end());
  return {};
}

void AssumedSignals::apply(GateSignals& signals) const {
  if (has_intent_) signals.intent = IntentSignal{intent_label_, values_.intent->probability};
  if (has_language_) signals.language = language_;
  if (has_sensitivity_) {
    signals.sensitivity = values_.sensitivity;
    signals.entities = entity_views_;
  }
  if (has_code_) signals.code = values_.code;
  if (has_tokens_) signals.tokens = values_.tokens;
  if (has_answer_tokens_) signals.answer_tokens = values_.answer_tokens;
  if (has_draw_) signals.draw = values_.draw;
  if (values_.deadline) signals.deadline = values_.deadline;
  if (values_.budget_left) signals.budget_left = values_.budget_left;
}

}  // namespace croft

#include "router/trace/route_trace.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "router/trace/trace_text.h"

namespace croft {
namespace {

// JSON has no NaN and no infinity.
json::value number(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return *value;
}

template <typename Integer>
json::value count(const std::optional<Integer>& value) {
  if (!value) return nullptr;
  return *value;
}

json::value text_or_null(std::string_view text) {
  if (text.empty()) return nullptr;
  return json::value(json::string_view(text));
}

json::value error_json(const std::optional<ErrorCode>& error) {
  if (!error) return nullptr;
  return json::value(json::string_view(traits(*error).name));
}

json::value cost_json(const TracedCost& cost) {
  if (const double* amount = std::get_if<double>(&cost)) return number(*amount);
  return json::value(json::string_view(cost_gap_text(std::get<CostGap>(cost))));
}

json::object gate_json(const GateTrace& gate) {
  return {{"gate", trace_name(gate.gate)},
          {"outcome", trace_name(gate.outcome)},
          {"microseconds", number(gate.microseconds)}};
}

json::object candidate_json(const CandidateTrace& candidate) {
  return {{"model", trace_name(candidate.model)},
          {"skipped", text_or_null(trace_name(candidate.skipped))}};
}

json::object confidence_json(const ConfidenceTrace& confidence) {
  return {{"point", json::string_view(confidence_point_text(confidence.point))},
          {"token", confidence.token},
          {"probability", number(confidence.probability)},
          {"threshold", number(confidence.threshold)},
          {"decision", json::string_view(confidence_decision_text(confidence.decision))}};
}

json::value price_json(const std::optional<AttemptPrice>& price) {
  if (!price) return nullptr;
  return json::object{{"prompt", number(price->prompt)},
                      {"cached_prompt", number(price->cached_prompt)},
                      {"cache_write", number(price->cache_write)},
                      {"completion", number(price->completion)}};
}

json::object attempt_json(const AttemptTrace& attempt) {
  return {{"provider", trace_name(attempt.provider)},
          {"model", trace_name(attempt.model)},
          {"response_model", text_or_null(trace_foreign_name(attempt.response_model))},
          {"dialect", trace_name(attempt.dialect)},
          {"started_ms", number(attempt.started_ms)},
          {"first_token_ms", number(attempt.first_token_ms)},
          {"ended_ms", number(attempt.ended_ms)},
          {"status", count(attempt.status)},
          {"error", error_json(attempt.error)},
          {"retries", attempt.retries},
          {"hedged", attempt.hedged},
          {"prompt_tokens", count(attempt.prompt_tokens)},
          {"cached_tokens", count(attempt.cached_tokens)},
          {"cache_write_tokens", count(attempt.cache_write_tokens)},
          {"completion_tokens", count(attempt.completion_tokens)},
          {"estimated", attempt.estimated},
          {"finish_reason", text_or_null(trace_finish_reason(attempt.finish_reason))},
          {"price_per_million", price_json(attempt.price)},
          {"cost", cost_json(cost_of(attempt))}};
}

template <typename Item, typename ToJson>
json::array list(const std::vector<Item>& items, ToJson to_json) {
  json::array array;
  array.reserve(items.size());
  for (const Item& item : items) array.push_back(to_json(item));
  return array;
}

/// Decimal without an exponent: headers are read by people and by shell scripts.
std::string decimal(double value, int digits) {
  std::array<char, 400> buffer{};  // a double has at most 309 digits before the point
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          std::chars_format::fixed, digits);
  CHECK(error == std::errc());
  return {buffer.data(), end};
}

}  // namespace

TracedCost cost_of(const AttemptTrace& attempt) {
  if (!attempt.price) return CostGap::Unpriced;
  if (!attempt.prompt_tokens || !attempt.completion_tokens) return CostGap::Unknown;
  const AttemptPrice& price = *attempt.price;
  const std::uint64_t cached = std::min(attempt.cached_tokens.value_or(0), *attempt.prompt_tokens);
  const std::uint64_t written =
      std::min(attempt.cache_write_tokens.value_or(0), *attempt.prompt_tokens - cached);
  const auto fresh = static_cast<double>(*attempt.prompt_tokens - cached - written);
  return (fresh * price.prompt +
          static_cast<double>(cached) * price.cached_prompt.value_or(price.prompt) +
          static_cast<double>(written) * price.cache_write.value_or(price.prompt) +
          static_cast<double>(*attempt.completion_tokens) * price.completion) /
         1e6;
}

TracedCost cost_of(const RouteTrace& trace) {
  double sum = 0.0;
  bool unknown = false;
  for (const AttemptTrace& attempt : trace.attempts) {
    const TracedCost cost = cost_of(attempt);
    if (const double* amount = std::get_if<double>(&cost))
      sum += *amount;
    else if (std::get<CostGap>(cost) == CostGap::Unpriced)
      return CostGap::Unpriced;
    else
      unknown = true;
  }
  if (unknown) return CostGap::Unknown;
  return sum;
}

const AttemptTrace* answer_of(const RouteTrace& trace) {
  if (!trace.answered_by || *trace.answered_by >= trace.attempts.size()) return nullptr;
  return &trace.attempts[*trace.answered_by];
}

std::string_view confidence_point_text(ConfidencePoint point) {
  switch (point) {
    case ConfidencePoint::Prefill:
      return "prefill";
    case ConfidencePoint::Tokens:
      return "tokens";
    case ConfidencePoint::End:
      return "end";
  }
  return "end";
}

std::string_view confidence_decision_text(ConfidenceDecision decision) {
  switch (decision) {
    case ConfidenceDecision::GoOn:
      return "go_on";
    case ConfidenceDecision::Keep:
      return "keep";
    case ConfidenceDecision::Escalate:
      return "escalate";
  }
  return "escalate";
}

std::string_view cost_gap_text(CostGap gap) {
  return gap == CostGap::Unpriced ? "unpriced" : "unknown";
}

json::object trace_json(const RouteTrace& trace) {
  const AttemptTrace* answer = answer_of(trace);
  json::object object;
  object["request_id"] = trace_name(trace.request_id);
  object["trace_id"] = trace_id_text(trace.context.trace_id);
  object["requested_model"] = trace_name(trace.requested_model);
  object["route"] = text_or_null(trace_name(trace.route));
  object["rule"] = text_or_null(trace_name(trace.rule));
  object["reason"] = trace_name(trace.reason);
  object["final_model"] = answer ? json::value(trace_name(answer->model)) : json::value(nullptr);
  object["gates"] = list(trace.gates, gate_json);
  object["candidates"] = list(trace.candidates, candidate_json);
  object["confidence"] = list(trace.confidence, confidence_json);
  object["attempts"] = list(trace.attempts, attempt_json);
  object["escalated_at_token"] = count(trace.escalated_at_token);
  object["thrown_away_tokens"] = trace.thrown_away_tokens;
  object["error"] = error_json(trace.error);
  object["ended_ms"] = number(trace.ended_ms);
  object["overhead_microseconds"] = number(trace.overhead_microseconds);
  object["cost"] = cost_json(cost_of(trace));
  return object;
}

std::vector<std::pair<std::string, std::string>> trace_headers(const RouteTrace& trace) {
  std::vector<std::pair<std::string, std::string>> headers;
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) headers.emplace_back(name, trace_header_value(value));
  };
  add("x-croft-route", trace.route);
  if (const AttemptTrace* answer = answer_of(trace)) add("x-croft-model", answer->model);
  add("x-croft-reason", trace.reason);
  if (std::isfinite(trace.overhead_microseconds))
    add("x-croft-overhead-duration-ms", decimal(trace.overhead_microseconds / 1000.0, 3));
  add("x-croft-escalated", trace.escalated_at_token ? "true" : "false");
  if (!trace.ended_ms) return headers;
  const TracedCost cost = cost_of(trace);
  if (const double* amount = std::get_if<double>(&cost)) {
    if (std::isfinite(*amount)) add("x-croft-cost", decimal(*amount, 9));
  } else {
    add("x-croft-cost", cost_gap_text(std::get<CostGap>(cost)));
  }
  return headers;
}

}  // namespace croft

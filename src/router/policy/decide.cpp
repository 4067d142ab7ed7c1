#include "router/policy/decide.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace croft {
namespace {

constexpr std::uint32_t kAnyModel = UINT32_MAX;

/// SplitMix64: one good number from a seed and a place.
std::uint64_t mixed(std::uint64_t seed) {
  seed += 0x9E3779B97F4A7C15ULL;
  seed = (seed ^ (seed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  seed = (seed ^ (seed >> 27U)) * 0x94D049BB133111EBULL;
  return seed ^ (seed >> 31U);
}

/// The first rule that matches, following rules that go on to another route. Routes have no
/// circles (check_routes), so it ends.
void find_rule(const RouterConfig& config, const RouteConfig& first, const GateSignals& signals,
               WallClock now, RouteDecision& out) {
  out.asked = out.route = &first;
  out.rule = nullptr;
  for (std::uint32_t r = 0; r < out.route->rules.size(); ++r) {
    const RouteRule& rule = out.route->rules[r];
    Holds holds = Holds::Yes;
    std::uint32_t c = 0;
    for (; c < rule.when.size(); ++c) {
      holds = evaluate(rule.when[c], signals, now);
      if (holds != Holds::Yes) break;
    }
    if (holds != Holds::Yes) {
      out.missed.push_back({out.route, r, c, holds});
      continue;
    }
    if (!rule.use.route) {
      out.rule = &rule;
      return;
    }
    out.route = &config.routes[*rule.use.route];
    r = UINT32_MAX;  // its first rule is next
  }
}

std::optional<DropReason> unable(const CandidateModel& model, double cost,
                                 const GateSignals& signals) {
  // A prompt that leaves no room for a single token of answer is too long.
  if (model.context != 0 && signals.tokens >= model.context) return DropReason::ContextTooSmall;
  if (signals.tools && !model.tools) return DropReason::NoTools;
  if (signals.json && !model.json) return DropReason::NoJson;
  if (signals.images && !model.images) return DropReason::NoImages;
  if (signals.budget_left && cost > 0 && cost > *signals.budget_left) return DropReason::OverBudget;
  return std::nullopt;
}

void add_able(const RouterConfig& config, const std::vector<std::uint32_t>& from,
              std::uint32_t only, const GateSignals& signals, bool may_leave,
              std::vector<ChosenCandidate>& out, std::vector<DroppedCandidate>& dropped) {
  for (const std::uint32_t index : from) {
    if (only != kAnyModel && only != index) continue;
    const CandidateModel& model = config.models[index];
    const double cost = model.prices.cost(signals.tokens, signals.answer_tokens);
    std::optional<DropReason> why = unable(model, cost, signals);
    if (!why && !model.is_local() && !may_leave) why = DropReason::StaysLocal;
    if (why)
      dropped.push_back({index, *why});
    else
      out.push_back({index, cost});
  }
}

/// Drawn by weight without putting back: the largest of u^(1/weight) comes first (Efraimidis and
/// Spirakis, 2006). Weight 0 comes last.
double draw_key(std::uint64_t draw, std::uint32_t model, double weight) {
  const double u = (static_cast<double>(mixed(draw ^ mixed(model)) >> 11U) + 0.5) * 0x1p-53;
  return weight > 0 ? std::log(u) / weight : -HUGE_VAL;
}

void put_in_order(const RouterConfig& config, CandidateOrder order, std::uint64_t draw,
                  std::span<ChosenCandidate> cloud) {
  if (cloud.size() < 2 || order == CandidateOrder::Listed) return;
  const auto before = [&](const ChosenCandidate& a, const ChosenCandidate& b) {
    if (order == CandidateOrder::Cost) return a.cost < b.cost;
    return draw_key(draw, a.model, config.models[a.model].weight) >
           draw_key(draw, b.model, config.models[b.model].weight);
  };
  // Insertion: few elements, stable, no memory taken.
  for (std::size_t i = 1; i < cloud.size(); ++i)
    for (std::size_t j = i; j > 0 && before(cloud[j], cloud[j - 1]); --j)
      std::swap(cloud[j], cloud[j - 1]);
}

/// What becomes of the plan with the candidates that are left.
RouteMode settle(const RouteDecision& out, bool any_local, bool any_cloud,
                 bool local_may_stand_in) {
  switch (out.planned) {
    case RouteMode::Cascade:
      if (any_local && any_cloud) return RouteMode::Cascade;
      if (any_local) return RouteMode::Local;
      if (any_cloud) return RouteMode::Cloud;
      break;
    case RouteMode::Local:
      if (any_local) return RouteMode::Local;
      break;
    case RouteMode::Cloud:
      if (any_cloud) return RouteMode::Cloud;
      if (any_local && local_may_stand_in) return RouteMode::Local;
      break;
    case RouteMode::Refuse:
      break;
  }
  return RouteMode::Refuse;
}

DecisionReason reason_of(const RouteDecision& out, bool kept_back, const GateSignals& signals) {
  if (out.mode == out.planned) return DecisionReason::AsPlanned;
  if (kept_back)
    return signals.sensitivity == SensitivitySignal::Found ? DecisionReason::Sensitive
                                                           : DecisionReason::NotExamined;
  if (out.mode == RouteMode::Refuse) return DecisionReason::NoCandidateLeft;
  return out.mode == RouteMode::Local ? DecisionReason::OnlyLocalLeft
                                      : DecisionReason::OnlyCloudLeft;
}

}  // namespace

std::string_view drop_reason_text(DropReason reason) {
  switch (reason) {
    case DropReason::ContextTooSmall:
      return "context_too_small";
    case DropReason::NoTools:
      return "no_tools";
    case DropReason::NoJson:
      return "no_json";
    case DropReason::NoImages:
      return "no_images";
    case DropReason::OverBudget:
      return "over_budget";
    case DropReason::StaysLocal:
      break;
  }
  return "stays_local";
}

std::string_view decision_reason_text(DecisionReason reason) {
  switch (reason) {
    case DecisionReason::AsPlanned:
      return "as_planned";
    case DecisionReason::Sensitive:
      return "sensitive";
    case DecisionReason::NotExamined:
      return "not_examined";
    case DecisionReason::NoCandidateLeft:
      return "no_candidate_left";
    case DecisionReason::OnlyLocalLeft:
      return "only_local_left";
    case DecisionReason::OnlyCloudLeft:
      break;
  }
  return "only_cloud_left";
}

void decide(const RouterConfig& config, const RouteConfig& route, const GateSignals& signals,
            WallClock now, RouteDecision& out) {
  out.candidates.clear();
  out.dropped.clear();
  out.missed.clear();
  find_rule(config, route, signals, now, out);
  out.planned = out.rule != nullptr ? out.rule->use.mode : out.route->fallback;

  const bool examined_clean = signals.sensitivity == SensitivitySignal::None;
  const bool may_leave = examined_clean || out.route->privacy == RoutePrivacy::Allow ||
                         (out.route->privacy == RoutePrivacy::Pseudonymise &&
                          signals.sensitivity == SensitivitySignal::Found);
  const std::uint32_t only =
      out.rule != nullptr ? out.rule->use.model.value_or(kAnyModel) : kAnyModel;
  const bool wants_cloud = out.planned == RouteMode::Cascade || out.planned == RouteMode::Cloud;
  const bool wants_local = out.planned != RouteMode::Refuse;

  // Local candidates stand in for one of the cloud that was named and may not be asked.
  const bool names_local = only != kAnyModel && config.models[only].is_local();
  const std::uint32_t only_local = names_local ? only : kAnyModel;
  if (wants_local)
    add_able(config, out.route->local, only_local, signals, may_leave, out.candidates, out.dropped);
  const std::size_t locals = out.candidates.size();
  if (wants_cloud)
    add_able(config, out.route->cloud, only, signals, may_leave, out.candidates, out.dropped);
  put_in_order(config, out.route->order, signals.draw, std::span(out.candidates).subspan(locals));

  const bool kept_back = std::ranges::any_of(
      out.dropped, [](const DroppedCandidate& each) { return each.why == DropReason::StaysLocal; });
  const bool blocked = kept_back && out.route->privacy == RoutePrivacy::Block;
  out.mode = blocked ? RouteMode::Refuse
                     : settle(out, locals > 0, out.candidates.size() > locals,
                              only == kAnyModel || kept_back);
  out.reason = reason_of(out, kept_back, signals);
  const auto first_cloud = out.candidates.begin() + static_cast<std::ptrdiff_t>(locals);
  if (out.mode == RouteMode::Refuse)
    out.candidates.clear();
  else if (out.mode == RouteMode::Local)
    out.candidates.erase(first_cloud, out.candidates.end());
  else if (out.mode == RouteMode::Cloud)
    out.candidates.erase(out.candidates.begin(), first_cloud);
}

std::string decision_sentence(const RouterConfig& config, const RouteDecision& decision) {
  std::string text = decision.rule == nullptr
                         ? "no rule of " + decision.route->name +
                               " matched, so its default holds (" +
                               std::string(route_mode_text(decision.planned)) + ")"
                         : "rule '" + decision.rule->name + "' of " + decision.route->name +
                               " matched (" + decision.rule->use_text + ")";
  if (decision.rule != nullptr && decision.rule->reason != decision.rule->name)
    text += ": " + decision.rule->reason;
  const bool refused = decision.mode == RouteMode::Refuse;
  switch (decision.reason) {
    case DecisionReason::AsPlanned:
      break;
    case DecisionReason::Sensitive:
      text += std::string("; something sensitive was found, so it ") +
              (refused ? "is refused" : "stays on this machine");
      break;
    case DecisionReason::NotExamined:
      text += std::string("; its text was not examined for sensitive content, so it ") +
              (refused ? "is refused" : "stays on this machine");
      break;
    case DecisionReason::NoCandidateLeft:
      text += "; no candidate can take it";
      break;
    case DecisionReason::OnlyLocalLeft:
      text += "; no candidate of the cloud can take it, so it stays on this machine";
      break;
    case DecisionReason::OnlyCloudLeft:
      text += "; no local candidate can take it";
      break;
  }
  if (!decision.candidates.empty())
    text += "; first " + config.models[decision.candidates.front().model].name;
  return text;
}

}  // namespace croft

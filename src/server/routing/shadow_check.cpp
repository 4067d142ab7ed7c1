#include "server/routing/shadow_check.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "router/confidence/accept_answer.h"
#include "server/routing/attempt_trace.h"

namespace croft {
namespace {

struct ShadowCheck {
  ShadowQuestion question;
  std::function<void(const RouteTrace&)> on_cost;
  std::string cloud_answer;
  std::shared_ptr<const RouterConfig> config;
  std::vector<CloudTarget> targets;
  std::uint64_t prompt_tokens = 0;  ///< by estimate
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();

  void finish(const CloudAsk::Notes& notes, DriftKeeper& keeper) const {
    const double agreement = word_f1(cloud_answer, question.local_answer);
    const bool alarmed_before = question.drift->monitor.state().alarmed;
    const Result<DriftState> state =
        question.drift->monitor.update(agreement < question.agreement_min ? 1.0 : 0.0);
    if (state) keeper.changed(question.drift);
    if (state && state->alarmed && !alarmed_before)
      log_warning("route " + question.route + ": after " + std::to_string(state->updates) +
                  " shadow answers the calibration no longer holds; it escalates until it is "
                  "calibrated anew");
    tell_cost(notes);
  }

  void tell_cost(const CloudAsk::Notes& notes) const {
    RouteTrace trace;
    trace.started = started;
    trace.route = trace.requested_model = question.route;
    trace.reason = "shadow sample";
    trace.shadow = true;
    trace.ended_ms = 0.0;
    if (notes)
      for (const AttemptNote& note : *notes) {
        if (!note.skipped.empty()) continue;
        if (note.won) trace.answered_by = trace.attempts.size();
        trace.attempts.push_back(attempt_trace(note, config->models[targets[note.target].model],
                                               targets[note.target].upstream->config(), 0.0,
                                               prompt_tokens));
        trace.ended_ms = std::max(*trace.ended_ms, trace.attempts.back().ended_ms);
      }
    if (trace.attempts.empty()) return;  // nobody was asked
    const AttemptTrace& last = trace.attempts.back();
    trace.error = trace.answered_by ? std::nullopt : last.error;
    trace.status = trace.error ? traits(*trace.error).http_status : 200;
    if (on_cost) on_cost(trace);
  }
};

}  // namespace

void start_shadow_check(RoutingServices& services, ShadowQuestion question,
                        std::function<void(const RouteTrace&)> on_cost) {
  const auto check = std::make_shared<ShadowCheck>();
  CloudRequest request = std::move(question.request);
  request.call.stream = false;
  check->prompt_tokens = prompt_tokens_about(request.call);
  check->config = request.config;
  check->targets = request.targets;
  check->question = std::move(question);
  check->on_cost = std::move(on_cost);
  const std::uint64_t ticket = services.next_ticket();
  const auto ask = std::make_shared<CloudAsk>(
      services.transfers(), std::move(request),
      [check, ticket, &services](std::size_t, const dialects::AnswerEvent& event,
                                 const CloudAsk::Notes& notes) {
        if (const auto* delta = std::get_if<dialects::TextDelta>(&event))
          check->cloud_answer += delta->text;
        if (std::holds_alternative<dialects::Finished>(event))
          check->finish(notes, services.drift_keeper());
        if (std::holds_alternative<dialects::Failed>(event)) check->tell_cost(notes);
        if (notes) services.forget(ticket);
      });
  services.keep(ticket, ask);
  ask->launch();
}

}  // namespace croft

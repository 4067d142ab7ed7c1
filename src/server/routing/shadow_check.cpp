#include "server/routing/shadow_check.h"

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
    trace.started = std::chrono::system_clock::now();
    trace.route = trace.requested_model = question.route;
    trace.reason = "shadow sample";
    trace.ended_ms = 0.0;
    if (notes)
      for (const AttemptNote& note : *notes)
        if (note.skipped.empty())
          trace.attempts.push_back(attempt_trace(note, config->models[targets[note.target].model],
                                                 targets[note.target].upstream->config(), 0.0));
    on_cost(trace);
  }
};

}  // namespace

void start_shadow_check(RoutingServices& services, ShadowQuestion question,
                        std::function<void(const RouteTrace&)> on_cost) {
  const auto check = std::make_shared<ShadowCheck>();
  CloudRequest request = std::move(question.request);
  request.call.stream = false;
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

#include "router/gates/run_gates.h"

#include <algorithm>
#include <chrono>

#include "router/gates/prompt_features.h"

namespace croft {
namespace {

using Clock = std::chrono::steady_clock;

template <typename Gate>
void timed(std::string name, std::vector<GateTrace>& trace, Gate&& gate) {
  const auto before = Clock::now();
  std::string outcome = gate();
  trace.push_back(
      {.gate = std::move(name),
       .outcome = std::move(outcome),
       .microseconds = std::chrono::duration<double, std::micro>(Clock::now() - before).count()});
}

}  // namespace

GateFindings run_gates(const json::object& body, const RequestFacts& facts,
                       const IntentModel* intents, GateScratch& scratch) {
  GateFindings findings;
  GateSignals& signals = findings.signals;
  timed("length", findings.trace, [&] {
    signals = read_signals(body, facts, scratch.texts);
    return std::to_string(signals.tokens) + " tokens, estimated";
  });
  timed("features", findings.trace, [&]() -> std::string {
    const PromptFeatures features = read_prompt(signals.text);
    signals.code = features.has_code;
    signals.json = signals.json || features.wants_json;
    if (features.language.empty()) return "no_signal";
    signals.language = features.language;
    return "language " + std::string(features.language);
  });
  if (intents != nullptr)
    timed("intent", findings.trace, [&]() -> std::string {
      const IntentDecision decision = intents->decide(signals.text, scratch.intent);
      signals.intent = IntentSignal{.label = decision.label, .probability = decision.probability};
      return decision.label.empty() ? "no_signal" : std::string(decision.label);
    });
  timed("privacy", findings.trace, [&]() -> std::string {
    findings.sensitivity =
        privacy::scan_request(body, privacy::gated_entities(), {}, scratch.privacy);
    scratch.entities.clear();
    switch (findings.sensitivity.verdict) {
      case privacy::Verdict::None:
        signals.sensitivity = SensitivitySignal::None;
        return "nothing found";
      case privacy::Verdict::Unknown:
        signals.sensitivity = SensitivitySignal::Unknown;
        return "unknown";
      case privacy::Verdict::Found:
        break;
    }
    signals.sensitivity = SensitivitySignal::Found;
    const privacy::EntitySet found = findings.sensitivity.found();
    for (std::size_t i = 0; i < privacy::entity_types_count; ++i)
      if (found.test(i))
        scratch.entities.push_back(privacy::entity_name(static_cast<privacy::EntityType>(i)));
    signals.entities = scratch.entities;
    return findings.sensitivity.summary();
  });
  return findings;
}

}  // namespace croft

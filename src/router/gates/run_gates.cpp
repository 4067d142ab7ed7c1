#include "router/gates/run_gates.h"

#include <algorithm>
#include <chrono>

namespace croft {
namespace {

using Clock = std::chrono::steady_clock;

/// Ordinary prompts take some tens of microseconds; a text of megabytes may not hold a worker long.
constexpr std::chrono::milliseconds privacy_time_max{20};

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
  if (intents != nullptr)
    timed("intent", findings.trace, [&]() -> std::string {
      const IntentDecision decision = intents->decide(signals.text, scratch.intent);
      signals.intent = IntentSignal{.label = decision.label, .probability = decision.probability};
      return decision.label.empty() ? "no_signal" : std::string(decision.label);
    });
  return findings;
}

}  // namespace croft

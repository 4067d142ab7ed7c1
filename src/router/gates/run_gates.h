#pragma once
/// All gates of one request: everything that rules look at, each gate timed for the trace.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "router/gates/intent_model.h"
#include "router/policy/read_signals.h"
#include "router/policy/signals.h"
#include "router/privacy/sensitivity.h"
#include "router/trace/route_trace.h"

namespace croft {

/// Memory that is used again from request to request. Not for several threads at once.
struct GateScratch {
  SignalScratch texts;
  IntentScratch intent;
  privacy::FindScratch privacy;
  std::vector<std::string_view> entities;
};

struct GateFindings {
  GateSignals signals;  ///< points into the scratch, the body and the facts
  privacy::Sensitivity sensitivity;
  std::vector<GateTrace> trace;
};

/// `intents` may be null: then there is no intent signal. A gate that fails or runs out of time
/// leaves its signal unknown, which every route treats as the worst.
[[nodiscard]] GateFindings run_gates(const json::object& body, const RequestFacts& facts,
                                     const IntentModel* intents, GateScratch& scratch);

}  // namespace croft

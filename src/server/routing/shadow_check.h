#pragma once
/// A share of the answers that were served locally is asked of the cloud as well, after the client
/// has its answer: a calibration that no longer holds shows in them.

#include <functional>
#include <memory>
#include <string>

#include "router/providers/cloud_ask.h"
#include "router/trace/route_trace.h"
#include "server/routing/router_state.h"

namespace croft {

struct ShadowQuestion {
  CloudRequest request;      ///< not streamed
  std::string local_answer;  ///< what the client got
  std::shared_ptr<DriftWatch> drift;
  std::string route;
  double agreement_min = 0.8;  ///< of the words of both (word_f1), to count as as good
};

/// Asks and tells the monitor. Lives until the answer is there; `on_cost` hears what it cost, as a
/// trace of its own, on the transfers' thread. A cloud that fails says nothing about the local
/// answer: no sample then.
void start_shadow_check(RoutingServices& services, ShadowQuestion question,
                        std::function<void(const RouteTrace&)> on_cost);

}  // namespace croft

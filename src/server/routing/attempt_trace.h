#pragma once
/// What the cloud's side of a call noted, as the trace shows it.

#include "router/policy/router_config.h"
#include "router/providers/cloud_call.h"
#include "router/trace/route_trace.h"

namespace croft {

/// `began_ms`: when the call to the cloud began, in the request's time. `prompt_tokens_about`: for
/// an attempt that ended before its upstream told.
[[nodiscard]] AttemptTrace attempt_trace(const AttemptNote& note, const CandidateModel& model,
                                         const UpstreamConfig& upstream, double began_ms,
                                         std::uint64_t prompt_tokens_about);
/// By its length: four bytes a token.
[[nodiscard]] std::uint64_t prompt_tokens_about(const dialects::ChatCall& call);
/// Of one that has only begun.
[[nodiscard]] AttemptTrace attempt_trace(const CandidateModel& model,
                                         const UpstreamConfig& upstream, double began_ms);

}  // namespace croft

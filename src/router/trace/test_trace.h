#pragma once
/// For tests of src/router/trace only: a request that was answered locally, doubted and escalated,
/// with every field filled.

#include "router/trace/route_trace.h"

namespace croft {

inline AttemptTrace test_local_attempt() {
  return {.provider = "local",
          .model = "smollm2:135m",
          .dialect = "local",
          .span_id = 0x1111111111111111,
          .started_ms = 0.5,
          .ended_ms = 40.0,
          .first_token_ms = 12.5,
          .error = ErrorCode::Cancelled,
          .prompt_tokens = 100,
          .cached_tokens = 64,
          .completion_tokens = 16,
          .finish_reason = "cancelled",
          .price = AttemptPrice{.prompt = 0.0, .completion = 0.0}};
}

inline AttemptTrace test_cloud_attempt() {
  return {.provider = "cloud",
          .model = "gpt-4o",
          .response_model = "gpt-4o-2024-08-06",
          .dialect = "openai",
          .server_address = "api.openai.com",
          .server_port = 443,
          .span_id = 0x2222222222222222,
          .started_ms = 40.25,
          .ended_ms = 1250.0,
          .first_token_ms = 300.25,
          .status = 200,
          .retries = 1,
          .hedged = true,
          .prompt_tokens = 1000,
          .cached_tokens = 400,
          .completion_tokens = 200,
          .finish_reason = "stop",
          .price = AttemptPrice{.prompt = 2.5, .cached_prompt = 1.25, .completion = 10.0}};
}

inline RouteTrace test_trace() {
  RouteTrace trace;
  trace.context = {.trace_id = {0x4bf92f3577b34da6, 0xa3ce929d0e0e4736},
                   .span_id = 0xb7ad6b7169203331,
                   .parent_id = 0x00f067aa0ba902b7,
                   .sampled = true};
  trace.started = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  trace.ended_ms = 1250.5;
  trace.request_id = "req_1";
  trace.requested_model = "croft/auto";
  trace.streamed = true;
  trace.status = 200;
  trace.route = "support";
  trace.rule = "intent-billing";
  trace.reason = "confidence 0.42 below 0.80 after 16 tokens";
  trace.gates = {{.gate = "intent", .outcome = "billing", .microseconds = 12.5},
                 {.gate = "language", .outcome = "no_signal", .microseconds = 3.5}};
  trace.candidates = {{.model = "smollm2:135m"},
                      {.model = "qwen2.5:1.5b", .skipped = "context_too_small"},
                      {.model = "gpt-4o"}};
  trace.confidence = {{.point = ConfidencePoint::Prefill,
                       .probability = 0.75,
                       .threshold = 0.5,
                       .decision = ConfidenceDecision::GoOn},
                      {.point = ConfidencePoint::Tokens,
                       .token = 16,
                       .probability = 0.42,
                       .threshold = 0.8,
                       .decision = ConfidenceDecision::Escalate}};
  trace.attempts = {test_local_attempt(), test_cloud_attempt()};
  trace.answered_by = 1;
  trace.escalated_at_token = 16;
  trace.thrown_away_tokens = 16;
  trace.overhead_microseconds = 187.5;
  return trace;
}

}  // namespace croft

#pragma once
/// From a request to what rules look at. The one place where gates are asked: what has no gate yet
/// stays missing, and is never guessed.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "router/policy/signals.h"

namespace croft {

/// What is known of a request beside its body.
struct RequestFacts {
  std::string_view tenant;
  std::optional<std::chrono::milliseconds> deadline = {};
  std::optional<double> budget_left = {};
  std::uint64_t draw = 0;
};

/// Holds the texts that GateSignals point to; used again from request to request.
struct SignalScratch {
  std::string text;
  std::string folded;
};

/// `body` is that of a chat (OpenAI's or Anthropic's form), a completion (`prompt`) or a response
/// (`input`). The signals point into `scratch` and `facts`. What is of an unexpected kind counts as
/// absent: whether a body is valid is judged elsewhere.
[[nodiscard]] GateSignals read_signals(const json::object& body, const RequestFacts& facts,
                                       SignalScratch& scratch);

/// Local time of this machine's zone.
[[nodiscard]] WallClock wall_clock(std::chrono::system_clock::time_point now);

}  // namespace croft

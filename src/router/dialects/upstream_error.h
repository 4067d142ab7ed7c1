#pragma once
/// What an upstream's refusal means: whose fault it is, whether to try again, and when.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "router/dialects/chat_exchange.h"

namespace croft::dialects {

/// One allowance of a key. nullopt: the upstream did not say.
struct RateLimit {
  std::optional<std::int64_t> limit = {};
  std::optional<std::int64_t> remaining = {};
  std::optional<std::chrono::milliseconds> reset = {};  ///< from now until it is whole again
};
/// Of x-ratelimit-* and anthropic-ratelimit-*; they come with good answers, too.
struct RateLimits {
  RateLimit requests = {};
  RateLimit tokens = {};
  RateLimit input_tokens = {};
  RateLimit output_tokens = {};
};
[[nodiscard]] RateLimits read_rate_limits(std::span<const Header> headers,
                                          std::chrono::system_clock::time_point now);

/// retry-after-ms, or Retry-After in seconds or as an HTTP date; at most a day.
[[nodiscard]] std::optional<std::chrono::milliseconds> read_retry_after(
    std::span<const Header> headers, std::chrono::system_clock::time_point now);

/// First header of that name, compared without case; empty where absent.
[[nodiscard]] std::string_view find_header(std::span<const Header> headers, std::string_view name);

/// A response whose status is not 2xx. The message quotes the upstream's words but where its key is
/// at fault, for those words may hold a part of it.
[[nodiscard]] Failed read_error(Dialect dialect, int status, std::span<const Header> headers,
                                std::string_view body, std::chrono::system_clock::time_point now);

/// An error that came with status 200, within a stream: OpenAI's and Anthropic's `error` object, or
/// Ollama's string.
[[nodiscard]] Failed read_stream_error(Dialect dialect, const json::value& error);

}  // namespace croft::dialects

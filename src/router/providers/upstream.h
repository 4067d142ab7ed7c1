#pragma once
/// One server that models are asked of, and how it is doing.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "io/http_transfers.h"
#include "router/dialects/chat_exchange.h"
#include "router/policy/router_config.h"
#include "router/privacy/sanitised_request.h"
#include "router/providers/circuit_breaker.h"

namespace croft {

/// A moment's view, for /metrics and the console.
struct UpstreamHealth {
  BreakerState state = BreakerState::Closed;
  std::size_t running = 0;
  std::uint64_t requests_total = 0;  ///< attempts, retries included
  std::uint64_t failures_total = 0;
  double first_token_seconds = 0.0;  ///< moving average; 0: none yet
};

/// Why a request may not go there just now.
enum class UpstreamGate : std::uint8_t { Passes, Open, Full };

/// Safe from any thread. Time is given, so that tests need not wait.
class Upstream {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `key`: sent as the dialect wants it; empty: none.
  Upstream(UpstreamConfig config, std::string key);

  [[nodiscard]] const UpstreamConfig& config() const { return config_; }
  [[nodiscard]] dialects::Dialect dialect() const;
  /// Whether it was made of just this.
  [[nodiscard]] bool is(const UpstreamConfig& config, std::string_view key) const {
    return config == config_ && key == key_;
  }

  /// Every Passes is followed by exactly one of the three below.
  [[nodiscard]] UpstreamGate try_begin(Time now);
  void succeeded(double first_token_seconds);
  void failed(Time now);
  void abandoned();
  /// Nothing is sent there before `until`: it said so itself.
  void pause(Time until) { breaker_.pause(until); }

  [[nodiscard]] UpstreamHealth health(Time now) const;
  [[nodiscard]] std::chrono::milliseconds wait(Time now) const { return breaker_.wait(now); }

  /// The request as it goes over the wire; only what the privacy module let pass can become one.
  /// `hops`: value of the header by which Croft recognises its own requests coming back.
  [[nodiscard]] TransferRequest transfer(std::string_view path,
                                         const privacy::SanitisedRequest& request,
                                         std::string_view traceparent, std::string_view hops) const;

 private:
  const UpstreamConfig config_;
  const std::string base_;
  const std::string key_;
  CircuitBreaker breaker_;
  std::atomic<std::size_t> running_{0};
  std::atomic<std::uint64_t> requests_total_{0};
  std::atomic<std::uint64_t> failures_total_{0};
  mutable Mutex mutex_;
  double first_token_seconds_ GUARDED_BY(mutex_) = 0.0;
};

}  // namespace croft

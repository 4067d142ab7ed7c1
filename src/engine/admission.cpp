#include "engine/admission.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace croft {
namespace {

constexpr double retry_seconds_max = 600.0;
constexpr double overload_divisor = 8.0;
constexpr double retry_spread_seconds = 30.0;

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

std::unexpected<Error> busy(std::string message, double retry_seconds) {
  Error error{.code = ErrorCode::Busy,
              .message = std::move(message),
              .hint = "Try again later.",
              .field = {}};
  error.retry_after_seconds =
      static_cast<int>(std::clamp(std::ceil(retry_seconds), 1.0, retry_seconds_max));
  return std::unexpected(std::move(error));
}

}  // namespace

void Admission::reset(std::size_t places_interactive, std::size_t places_batch,
                      double seconds_per_place) {
  tenants_.clear();
  waiting_ = 0;
  places_interactive_ = places_interactive;
  places_batch_ = places_batch;
  seconds_per_place_ = seconds_per_place;
}

void Admission::waits(const std::string& tenant, Priority priority, std::size_t count) {
  Waiting& own = tenants_[tenant];
  (priority == Priority::Interactive ? own.interactive : own.batch) += count;
  waiting_ += count;
}

Admission::Waiting Admission::of(const std::string& tenant) const {
  const auto at = tenants_.find(tenant);
  return at == tenants_.end() ? Waiting{} : at->second;
}

double Admission::expected_wait(const std::string& tenant, Priority priority) const {
  const Waiting own = of(tenant);
  std::size_t before = 0;
  if (priority == Priority::Batch) {
    // Behind every interactive request, and in turn with other tenants' batches.
    for (const auto& [name, other] : tenants_)
      before +=
          other.interactive + (name == tenant ? other.batch : std::min(other.batch, own.batch + 1));
  } else {
    for (const auto& [name, other] : tenants_)
      before +=
          name == tenant ? other.interactive : std::min(other.interactive, own.interactive + 1);
  }
  const std::size_t places = priority == Priority::Batch ? places_batch_ : places_interactive_;
  if (before < places) return 0.0;
  return static_cast<double>(before - places + 1) * seconds_per_place_;
}

/// Who fills the queue finds it full; who has less than a fair share of it does not, up to twice
/// its length.
bool Admission::is_full_for(const std::string& tenant) const {
  if (waiting_ < limits_.requests_max) return false;
  if (waiting_ >= 2 * limits_.requests_max) return true;
  const std::size_t own = of(tenant).all();
  const std::size_t tenants = tenants_.size() + (own == 0 ? 1 : 0);
  return own >= limits_.requests_max / tenants;
}

/// Seconds that an interactive request of the tenant may wait now.
double Admission::longest_wait(const std::string& tenant, double wait, Time now) {
  const double most = std::chrono::duration<double>(limits_.wait_max).count();
  const double brief = most / overload_divisor;
  std::erase_if(refused_,
                [&](const auto& entry) { return now - entry.second.last >= limits_.calm; });
  if (refused_.contains(tenant)) return brief;
  if (wait <= brief) {
    standing_.erase(tenant);
    return most;
  }
  const Time since = standing_.try_emplace(tenant, now).first->second;
  return now - since < limits_.burst ? std::max(wait, most) : most;
}

/// Seconds until a refused request should come again: behind those that were told so before it.
double Admission::turn_of_refused(const std::string& tenant, double earliest, Time now) {
  const auto seconds = [](double count) {
    return std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(count));
  };
  Refused& refused = refused_[tenant];
  refused.last = now;
  // Not all of them come again.
  const Time latest = now + seconds(earliest + retry_spread_seconds);
  refused.turn = std::min(
      std::max(now + seconds(earliest), refused.turn + seconds(seconds_per_place_)), latest);
  return std::chrono::duration<double>(refused.turn - now).count();
}

Result<void> Admission::check(const std::string& tenant, Priority priority,
                              std::optional<Time> deadline, Time now) {
  const double wait = expected_wait(tenant, priority);
  if (is_full_for(tenant))
    return busy(std::to_string(waiting_) + " requests are waiting already", wait);
  if (deadline) {
    const double left = std::max(0.0, std::chrono::duration<double>(*deadline - now).count());
    if (wait > left)
      return busy("the queue takes about " + seconds_text(wait) + ", longer than the " +
                      seconds_text(left) + " that are left until the deadline",
                  wait - left);
  }
  if (priority == Priority::Batch || limits_.wait_max.count() == 0) return {};
  const double longest = longest_wait(tenant, wait, now);
  if (wait <= longest) return {};
  return busy("the queue takes about " + seconds_text(wait) + "; more than " +
                  seconds_text(longest) + " is refused",
              turn_of_refused(tenant, wait - longest, now));
}

}  // namespace croft

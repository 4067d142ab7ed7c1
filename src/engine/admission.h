#pragma once
/// Who may still join the queue: everybody whose turn would come in time, and who waits behind
/// nobody but its own requests and a fair share of the others'.

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "engine/request.h"

namespace croft {

struct QueueLimits {
  std::size_t requests_max = 512;  ///< waiting, of all tenants
  /// Of an interactive request; 0: any. A queue that is younger than `burst` may be longer: those
  /// who come at once are answered one after another. A tenant that exceeds it later asks for more
  /// than there is: until it has not been refused for `calm`, its requests wait an eighth of that
  /// at most, so that those which are accepted keep their latency.
  std::chrono::milliseconds wait_max{0};
  std::chrono::milliseconds burst{1'000};
  std::chrono::milliseconds calm{5'000};
};

/// The queue as its owner last saw it, and those who joined since. Not synchronised.
class Admission {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Admission(const QueueLimits& limits) : limits_(limits) {}

  /// The owner's view begins: nobody waits. `places`, by Priority: requests that would begin at
  /// once. `seconds_per_place`: between two that begin while no place is free; 0: unknown.
  void reset(std::size_t places_interactive, std::size_t places_batch, double seconds_per_place);
  /// `count` more requests of a tenant wait.
  void waits(const std::string& tenant, Priority priority, std::size_t count = 1);

  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  /// Seconds until a request that joins now would begin.
  [[nodiscard]] double expected_wait(const std::string& tenant, Priority priority) const;
  /// Errors: Busy, with the seconds after which it is worth trying again.
  /// `deadline`: of the request.
  [[nodiscard]] Result<void> check(const std::string& tenant, Priority priority,
                                   std::optional<Time> deadline, Time now);

 private:
  struct Waiting {
    std::size_t interactive = 0, batch = 0;
    [[nodiscard]] std::size_t all() const { return interactive + batch; }
  };
  [[nodiscard]] Waiting of(const std::string& tenant) const;
  [[nodiscard]] bool is_full_for(const std::string& tenant) const;
  [[nodiscard]] double longest_wait(const std::string& tenant, double wait, Time now);
  [[nodiscard]] double turn_of_refused(const std::string& tenant, double earliest, Time now);

  QueueLimits limits_;
  std::map<std::string, Waiting> tenants_;  ///< those that wait
  struct Refused {
    Time last;
    Time turn;  ///< when the one that was refused last was told to come again
  };
  std::map<std::string, Refused> refused_;  ///< tenants that asked for too much
  std::map<std::string, Time> standing_;    ///< tenants whose queue is long, and since when
  std::size_t waiting_ = 0;
  std::size_t places_interactive_ = 0;
  std::size_t places_batch_ = 0;
  double seconds_per_place_ = 0.0;
};

}  // namespace croft

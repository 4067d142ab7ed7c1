#pragma once
/// What `croft plan` says: one plan, as text for people and as a document.

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/plan_rates.h"
#include "engine/capacity.h"

namespace croft::cli {

/// How people use it in a day.
struct Usage {
  double requests_per_user = 40.0;  ///< in a working day
  double busy_hour_share = 0.2;     ///< of a day's requests, in its busiest hour
};

/// Requests and people that one rate stands for.
struct People {
  double per_hour = 0.0;
  double per_day = 0.0;  ///< where the busiest hour is as busy as the machine can take
  double users = 0.0;
};
[[nodiscard]] People people_of(double requests_per_second, const Usage& usage);

struct CapacityPlan {
  MachineRates rates;
  WorkloadOptions workload;
  Usage usage;
  LoadResult alone;  ///< one request at a time
  LoadResult capacity;
  std::vector<LoadResult> loads;    ///< at shares of the capacity
  std::optional<LoadResult> asked;  ///< at a rate that was asked for
  /// One core more: the range. Nothing where scaling could not be measured.
  std::optional<double> core_low, core_high;
  double machine_no_affinity =
      0.0;  ///< each of two machines, if what is shared is found half the time
};

[[nodiscard]] json::object plan_json(const CapacityPlan& plan);
[[nodiscard]] std::string plan_text(const CapacityPlan& plan);

}  // namespace croft::cli

#pragma once
/// How much power this machine draws while it computes: measured where the system tells (RAPL, a
/// power sensor), else a model that says so.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace croft {

enum class PowerMethod : std::uint8_t {
  Rapl,   ///< /sys/class/powercap: energy of the processor packages (Intel, AMD)
  Hwmon,  ///< /sys/class/hwmon: a sensor of power
  Model,  ///< nobody measures: a number of watts that the operator gave, or a guess by cores
};
[[nodiscard]] std::string_view power_method_name(PowerMethod method);  ///< "rapl", "hwmon", "model"

struct PowerOptions {
  std::filesystem::path sys = "/sys";
  /// While it computes; 0: watts_a_core for each core.
  double model_watts = 0.0;
  bool measure = true;  ///< false: the model, whatever the system tells
};
/// A guess for servers and desktops of recent years at full load.
inline constexpr double watts_a_core = 6.0;

struct Power {
  double watts = 0.0;
  PowerMethod method = PowerMethod::Model;
};

/// Not for several threads at once.
class PowerMeter {
 public:
  using Clock = std::chrono::steady_clock;

  explicit PowerMeter(const PowerOptions& options);

  /// To be called about once a second with the seconds that engines have computed so far. What
  /// was drawn while they computed at least half of the time counts as drawn by computing.
  void sample(double compute_seconds_total, Clock::time_point now);
  /// While computing. Model until a measurement was possible.
  [[nodiscard]] Power power() const;

 private:
  struct Counter {
    std::filesystem::path file;
    std::uint64_t range = 0;  ///< where it begins at 0 again
    std::optional<std::uint64_t> last;
  };
  /// Since the last call; none where a counter cannot be read.
  std::optional<double> joules_since();
  [[nodiscard]] std::optional<double> sensor_watts() const;

  std::vector<Counter> counters_;               ///< one a package
  std::vector<std::filesystem::path> sensors_;  ///< in microwatts
  double model_watts_;
  std::optional<double> measured_watts_;
  std::optional<Clock::time_point> last_time_;
  double last_compute_ = 0.0;
};

}  // namespace croft

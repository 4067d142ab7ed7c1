#include "io/power_meter.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <thread>

namespace croft {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<std::uint64_t> read_number(const fs::path& path) {
  const std::string line = first_line(path);
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (problem != std::errc() || end == line.data()) return std::nullopt;
  return value;
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem))
    found.push_back(at->path());
  std::ranges::sort(found);
  return found;
}

}  // namespace

std::string_view power_method_name(PowerMethod method) {
  switch (method) {
    case PowerMethod::Rapl:
      return "rapl";
    case PowerMethod::Hwmon:
      return "hwmon";
    case PowerMethod::Model:
      break;
  }
  return "model";
}

PowerMeter::PowerMeter(const PowerOptions& options)
    : model_watts_(options.model_watts > 0.0
                       ? options.model_watts
                       : watts_a_core * std::max(1u, std::thread::hardware_concurrency())) {
  if (!options.measure) return;
  // Packages only: cores and memory controllers are parts of them, or counted elsewhere.
  for (const fs::path& zone : entries(options.sys / "class" / "powercap")) {
    if (!first_line(zone / "name").starts_with("package")) continue;
    const auto range = read_number(zone / "max_energy_range_uj");
    if (range && read_number(zone / "energy_uj"))
      counters_.push_back({.file = zone / "energy_uj", .range = *range, .last = {}});
  }
  if (!counters_.empty()) return;
  for (const fs::path& chip : entries(options.sys / "class" / "hwmon"))
    for (const char* name : {"power1_average", "power1_input"})
      if (read_number(chip / name)) {
        sensors_.push_back(chip / name);
        break;
      }
}

std::optional<double> PowerMeter::joules_since() {
  double joules = 0.0;
  bool known = true;
  for (Counter& counter : counters_) {
    const auto now = read_number(counter.file);
    known = known && now && counter.last;
    if (now && counter.last) {
      const std::uint64_t before = *counter.last;
      const std::uint64_t more = *now >= before ? *now - before : *now + counter.range - before;
      joules += static_cast<double>(more) * 1e-6;
    }
    counter.last = now;
  }
  if (!known) return std::nullopt;
  return joules;
}

std::optional<double> PowerMeter::sensor_watts() const {
  double watts = 0.0;
  for (const fs::path& sensor : sensors_) {
    const auto microwatts = read_number(sensor);
    if (!microwatts) return std::nullopt;
    watts += static_cast<double>(*microwatts) * 1e-6;
  }
  return watts;
}

void PowerMeter::sample(double compute_seconds_total, Clock::time_point now) {
  if (counters_.empty() && sensors_.empty()) return;
  const std::optional<double> joules = counters_.empty() ? std::nullopt : joules_since();
  const double computed = compute_seconds_total - last_compute_;
  const double passed = last_time_ ? std::chrono::duration<double>(now - *last_time_).count() : 0.0;
  last_compute_ = compute_seconds_total;
  last_time_ = now;
  if (passed <= 0.0 || computed < 0.5 * passed) return;
  std::optional<double> watts = sensors_.empty() ? std::nullopt : sensor_watts();
  if (joules) watts = *joules / passed;
  if (!watts || *watts <= 0.0) return;
  constexpr double newest = 0.2;
  measured_watts_ = measured_watts_ ? *measured_watts_ * (1.0 - newest) + *watts * newest : *watts;
}

Power PowerMeter::power() const {
  if (!measured_watts_) return {.watts = model_watts_, .method = PowerMethod::Model};
  return {.watts = *measured_watts_,
          .method = counters_.empty() ? PowerMethod::Hwmon : PowerMethod::Rapl};
}

}  // namespace croft

#pragma once
/// A route's drift watch on disk: a restart must not forget an alarm, nor what it had gathered
/// towards one. Format: docs/formats/calibration.md.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "router/confidence/drift_monitor.h"

namespace croft {

/// Whose watch it is: one route's under one calibration.
struct DriftOwner {
  std::string route;
  std::string calibration_digest;  ///< SHA-256 in hex: a new calibration begins a new watch
};

/// Beside the calibration: "auto.json.croft-auto-1f2e3d4c.drift". Each route has its own.
[[nodiscard]] std::filesystem::path drift_file_path(const std::filesystem::path& calibration,
                                                    std::string_view route);

[[nodiscard]] std::string drift_file_text(const DriftOwner& owner, const DriftMonitor& monitor);

/// None: it is of another calibration, which the route no longer has. `what` names the file in
/// errors. Errors: Corrupt (no such file's text, another route's, or a state that cannot be).
Result<std::optional<DriftMonitor>> parse_drift_file(std::string_view text, std::string_view what,
                                                     const DriftOwner& owner,
                                                     const DriftOptions& options);

/// None also where there is no such file. Errors: as parse_drift_file; Io; Forbidden.
Result<std::optional<DriftMonitor>> load_drift_file(const std::filesystem::path& file,
                                                    const DriftOwner& owner,
                                                    const DriftOptions& options);

}  // namespace croft

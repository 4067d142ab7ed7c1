#pragma once
/// A reliability plot as SVG: what share was acceptable where the score promised so much.

#include <string>

#include "router/confidence/calibration.h"

namespace croft {

/// A whole SVG document: per bin the share that was acceptable with its interval, the diagonal of a
/// perfect score, the threshold, and below how many answers each bin has. Follows the reader's
/// light or dark mode. `calibration.held_out.bins` are drawn; a calibration read from a file has
/// none, and then only the frame is.
[[nodiscard]] std::string reliability_plot(const Calibration& calibration);

}  // namespace croft

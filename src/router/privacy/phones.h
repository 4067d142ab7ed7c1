#pragma once
/// Telephone numbers in a run of digit groups.

#include "router/privacy/number_run.h"
#include "router/privacy/scan.h"

namespace croft::privacy {

/// Adds what may be telephone numbers: international ones, North American ones, ones with a trunk
/// zero by their form; any other of 7 to 13 digits where a word nearby says so. Spans include the
/// plus sign, brackets and extension.
void read_phones(Scan& scan, const NumberRun& run);

/// Three groups that are a date: 2024-11-05, 5/11/2024, 05.11.2024.
[[nodiscard]] bool is_date(const NumberRun& run, std::size_t first);

}  // namespace croft::privacy

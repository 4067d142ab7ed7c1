#pragma once
/// From argv to an exit code.

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/settings.h"

namespace croft::cli {

/// Runs one command line (without the program's name) and returns the exit code. Every error, and
/// every exception of a library, becomes one sentence on standard error.
int run_command(const std::vector<std::string>& args);

/// The code of one verb; an exit code other than 0 without an Error means that the verb has said
/// why (`doctor`).
using VerbHandler = Result<int> (*)(const Settings& settings);
/// Null for a verb that has no code (a test proves that none is missing).
[[nodiscard]] VerbHandler find_handler(std::string_view verb);

}  // namespace croft::cli

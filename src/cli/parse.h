#pragma once
/// Splits argv by the options table. CLI11 is seen by parse.cpp only.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/options.h"

namespace croft::cli {

struct ParsedArguments {
  const VerbSpec* verb = nullptr;  ///< never null
  std::vector<std::string> arguments;
  /// What was given on the command line, by option name, in order. Values are not checked yet; a
  /// flag is "true", or whatever follows `--flag=`.
  std::map<std::string, std::vector<std::string>, std::less<>> options;
};

/// `args` without the program's name. Without a verb the result is `help`; `--version` is the verb
/// `version`. Errors: InvalidArgument (unknown verb or option with a near name, a missing value,
/// too many arguments).
Result<ParsedArguments> parse_arguments(std::span<const std::string> args);

}  // namespace croft::cli

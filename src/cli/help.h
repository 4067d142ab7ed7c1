#pragma once
/// Help texts, made from the options table.

#include <string>

#include "cli/options.h"

namespace croft::cli {

/// The list of verbs.
[[nodiscard]] std::string overview_help();
/// One verb with its arguments and options.
[[nodiscard]] std::string verb_help(const VerbSpec& verb);

/// "croft run [OPTIONS] MODEL [PROMPT...]"
[[nodiscard]] std::string usage_line(const VerbSpec& verb);
/// "-c, --context N"
[[nodiscard]] std::string option_head(const OptionSpec& option);
/// "0 to 65535, default 8080, CROFT_PORT": what else there is to know; `verb` null for global
/// options.
[[nodiscard]] std::string option_facts(const OptionSpec& option);

}  // namespace croft::cli

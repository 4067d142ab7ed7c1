#pragma once
/// Options that several verbs have: written once, so that a flag means the same everywhere.

#include "cli/options.h"

namespace croft::cli {

/// A flag that has no place in croft.toml.
[[nodiscard]] OptionSpec flag(std::string_view name, std::string_view help);
[[nodiscard]] OptionSpec json_option();
/// --model; required where there is no default.
[[nodiscard]] OptionSpec model_option(bool required, std::string_view fallback = {});
[[nodiscard]] OptionSpec threads_option(
    std::string_view help = "compute threads; 0 is one per CPU this process may use");
[[nodiscard]] OptionSpec context_option(
    std::string_view help =
        "longest prompt plus answer; 0 is the model's own length, at most 8192");
[[nodiscard]] OptionSpec kv_type_option(
    std::string_view help = "number format of the key/value cache");
/// --draft.
[[nodiscard]] OptionSpec draft_option();
/// --parallel, 1 to 1024.
[[nodiscard]] OptionSpec parallel_option(std::string_view fallback, std::string_view help);
/// --prefix-cache and --prefill-chunk: of a server, and of a plan for one.
[[nodiscard]] OptionSpec prefix_cache_option();
[[nodiscard]] OptionSpec prefill_chunk_option();

}  // namespace croft::cli

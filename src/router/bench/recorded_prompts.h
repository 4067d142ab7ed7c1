#pragma once
/// The questions behind recorded rows, which name them by id only: read from the public sets as
/// bench/router/README.md lays them out.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"

namespace croft {

using PromptsById = std::unordered_map<std::string, std::string>;

/// Questions of banking77, sroie, gsm8k, humaneval and infill, without what all rows of a task
/// share. nullopt where the task is unknown or its files are not below `data`.
/// Errors: InvalidArgument (a file that is not what it should be); Io; Corrupt; TooLarge.
Result<std::optional<PromptsById>> read_recorded_prompts(std::string_view task,
                                                         const std::filesystem::path& data);

}  // namespace croft

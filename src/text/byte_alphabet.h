#pragma once
/// GPT-2's printable spelling of bytes: every byte is one visible character ("Ġ" is the space).
/// Source: docs/formats/tokenizers.md, "Byte-level spelling".

#include <optional>
#include <string>
#include <string_view>

namespace croft {

/// The character that spells this byte in a byte-level vocabulary.
[[nodiscard]] char32_t spell_byte(unsigned char byte);

/// The bytes behind a piece; nullopt where a character is none of the 256.
[[nodiscard]] std::optional<std::string> unspell_bytes(std::string_view piece);

}  // namespace croft

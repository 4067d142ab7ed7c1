#pragma once
/// Which bytes of an answer hold what was asked for: the last number, the last line.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text_range.h"

namespace croft {

enum class AnswerSpan : std::uint8_t {
  LastLine,   ///< the last line with more than white space, without the white space at its ends
  LastNumber  ///< digits with sign, separators and decimals: "-1,234.50"; not the currency sign
};

/// Half-open bytes of `text`; nullopt where there is no such part. O(text).
[[nodiscard]] std::optional<ByteRange> find_answer_span(std::string_view text, AnswerSpan span);

}  // namespace croft

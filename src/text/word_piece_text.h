#pragma once
/// How WordPiece decoding writes a word: a space before it, but not before closing punctuation.

#include <string>
#include <string_view>

namespace croft {

/// `word` without its prefix mark. With `cleanup`, English closing punctuation and contractions
/// take no space (the reference's list).
[[nodiscard]] std::string word_piece_text(std::string_view word, bool cleanup);

}  // namespace croft

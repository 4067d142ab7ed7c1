#include "text/word_piece_text.h"

#include <algorithm>
#include <array>

namespace croft {

std::string word_piece_text(std::string_view word, bool cleanup) {
  constexpr std::array<std::string_view, 9> close = {".",  "?",  "!",   ",",  "n't",
                                                     "'m", "'s", "'ve", "'re"};
  if (cleanup && std::ranges::find(close, word) != close.end()) return std::string(word);
  return std::string(" ").append(word);
}

}  // namespace croft

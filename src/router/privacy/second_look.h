#pragma once
/// A second look for names of persons by a language model: all of it that needs no model. A text is
/// cut into pieces, a model is asked for the names in each, and what it says is looked for in the
/// text.
///
/// The answer is foreign: the text under examination may tell the model what to say. So only what
/// stands in the piece becomes a finding, and nothing that was found before is changed or removed.
///
/// Units:   offsets are bytes of the text given, at borders of its characters.
/// Threads: pure functions.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "router/privacy/find_entities.h"

namespace croft::privacy {

struct TextPiece {
  std::size_t start;
  std::size_t end;  ///< one past the last byte
  bool operator==(const TextPiece&) const = default;
};

inline constexpr std::size_t piece_bytes_max = 1000;
inline constexpr float second_look_score = 0.5f;

/// Pieces in order, cut at the last empty line that fits, else at a line's end, a sentence's, a
/// space, a character. What could hold no name, such as blank lines, is in none. Linear.
[[nodiscard]] std::vector<TextPiece> cut_into_pieces(std::string_view text);

/// The messages of the question: two examples with their answers, then the piece. Bytes of it that
/// are no UTF-8 become U+FFFD.
[[nodiscard]] json::array second_look_messages(std::string_view piece);
/// Tokens that its answer may take: a list of names is hardly longer than the text they stand in.
[[nodiscard]] std::size_t second_look_tokens_max(std::string_view piece);

/// The lines of an answer that can be names, each once, without list marks and quotes: 2 to 80
/// bytes of UTF-8, at least two letters, up to six words, no word of a program. Parts of `answer`.
[[nodiscard]] std::vector<std::string_view> names_in_answer(std::string_view answer);

/// A PERSON for every place in the piece where one of the names stands in whole words, as far as no
/// finding covers it; of a name that one covers in part, what is left if that can be a name. Spaces
/// and one line break count alike; where a name of several words stands nowhere as it was written,
/// ASCII case does not count. `findings` are those of the whole text, in order and apart; so are
/// the new ones.
[[nodiscard]] std::vector<Finding> place_names(std::string_view text, TextPiece piece,
                                               std::span<const std::string_view> names,
                                               std::span<const Finding> findings);

}  // namespace croft::privacy

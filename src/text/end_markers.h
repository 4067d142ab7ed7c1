#pragma once
/// Which tokens end a generation, whatever file the vocabulary came from.

#include <vector>

#include "text/vocabulary.h"

namespace croft {

/// Whether a token spelt so ends a turn or a text in some published model family.
[[nodiscard]] bool is_end_marker(std::string_view piece);

/// `named` (ids that the file itself names) and every control token that is an end marker; sorted,
/// unique.
[[nodiscard]] std::vector<TokenId> find_end_tokens(const Vocabulary& vocabulary,
                                                   std::vector<TokenId> named);

}  // namespace croft

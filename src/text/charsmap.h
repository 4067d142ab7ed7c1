#pragma once
/// SentencePiece's precompiled normalisation table: a double-array trie from character sequences to
/// their replacements. Source: docs/formats/tokenizers.md, "Precompiled charsmap".

#include <memory>
#include <string_view>

#include "base/error.h"
#include "text/normalizer.h"

namespace croft {

/// At every place the longest sequence of the table is replaced; other characters stay. An empty
/// table changes nothing. Errors: Corrupt (`what` names the key).
Result<std::unique_ptr<NormalizerStep>> make_charsmap(std::string_view bytes,
                                                      std::string_view what);

/// SentencePiece's remove_extra_whitespaces: no spaces at the ends, none doubled.
std::unique_ptr<NormalizerStep> make_squeeze_spaces();

}  // namespace croft

#pragma once
/// The parts of `tokenizer.ggml.*` that every kind of tokenizer in a GGUF file shares.

#include <optional>

#include "io/gguf.h"
#include "text/vocabulary.h"

namespace croft {

/// How the pieces of a vocabulary spell text.
enum class Spelling : std::uint8_t { ByteLevel, SentencePiece, WordPiece };

/// Reads tokens, token_type and scores. End markers that the file calls user-defined become control
/// tokens, as in the reference: a user must not be able to type them. Errors: Corrupt (key named):
/// no tokens, arrays of different lengths, unknown type numbers.
Result<Vocabulary> read_gguf_vocabulary(const GgufFile& file, Spelling spelling);

/// A special token id; nullopt where absent. Errors: Corrupt where it is outside the vocabulary.
Result<std::optional<TokenId>> read_gguf_token_id(const GgufFile& file, std::string_view key,
                                                  const Vocabulary& vocabulary);

}  // namespace croft

#pragma once
/// Exact tokenizers of the model families: byte-level BPE, SentencePiece BPE and unigram,
/// WordPiece.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text_range.h"
#include "io/gguf.h"

namespace croft {

using TokenId = std::int32_t;

/// As GGUF numbers them.
enum class TokenKind : std::uint8_t {
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6,
};

struct EncodeOptions {
  /// Adds BOS/EOS or [CLS]/[SEP] where the model's tokenizer does.
  bool add_special = true;
  /// Control tokens written in the text become one id. User-defined tokens always do.
  bool parse_special = false;
  /// Ranges in which control tokens are never recognised, not even partly overlapping (sorted,
  /// disjoint). Text around them is still tokenized in one piece, so that merges across the border
  /// stay exact.
  std::span<const ByteRange> untrusted = {};
};

/// Immutable after construction; safe to use from many threads at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Never fails on any bytes: invalid UTF-8 is replaced the way the reference of each kind does
  /// it.
  [[nodiscard]] virtual std::vector<TokenId> encode(std::string_view text,
                                                    const EncodeOptions& options) const = 0;

  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual TokenKind kind(TokenId id) const = 0;
  /// The token as its vocabulary spells it ("Ġthe", "▁the", "<0x0A>"). Requires 0 <= id < size().
  [[nodiscard]] virtual std::string_view piece(TokenId id) const = 0;
  /// The bytes this token contributes to text; empty for control tokens unless `special`. May be
  /// part of a UTF-8 character.
  [[nodiscard]] virtual std::string bytes(TokenId id, bool special) const = 0;
  /// Whole-sequence decoding, with the family's rule for the leading space. Ids outside the
  /// vocabulary are skipped. `special` keeps control tokens as text.
  [[nodiscard]] virtual std::string decode(std::span<const TokenId> ids, bool special) const = 0;
  /// Whether the first token's leading space belongs to the tokenizer, not the text (SentencePiece
  /// prefix).
  [[nodiscard]] virtual bool strips_leading_space() const = 0;
  [[nodiscard]] virtual std::optional<TokenId> find_token(std::string_view piece) const = 0;

  [[nodiscard]] virtual std::optional<TokenId> bos() const = 0;
  [[nodiscard]] virtual std::optional<TokenId> eos() const = 0;
  /// Whether encode adds BOS when add_special is set (chat text of a template that writes BOS must
  /// not).
  [[nodiscard]] virtual bool adds_bos() const = 0;
  /// Every token that ends a generation: eos, eot, and known end markers (<|im_end|>,
  /// <|endoftext|>, <end_of_turn>, <|eot_id|>, <|end|> ...) that exist as control tokens. Sorted.
  [[nodiscard]] virtual std::span<const TokenId> end_tokens() const = 0;
};

/// From GGUF metadata (`tokenizer.ggml.*`). A file with a vocabulary and no tensors is enough.
/// Views into `file` are copied: the tokenizer outlives it.
/// Errors: Unsupported (model or pre-tokenizer named, with those supported); Corrupt (key named).
Result<std::unique_ptr<Tokenizer>> tokenizer_from_gguf(const GgufFile& file);

/// From a Hugging Face folder: `tokenizer.json`, with `tokenizer_config.json`,
/// `special_tokens_map.json`, `config.json` and `generation_config.json` consulted for BOS/EOS
/// where present.
Result<std::unique_ptr<Tokenizer>> tokenizer_from_folder(const std::filesystem::path& folder);

}  // namespace croft

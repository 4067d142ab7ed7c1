#pragma once
/// The readers of tokenizer.json's sections. Every one refuses what it does not know, by name.

#include <string_view>

#include "base/json.h"
#include "text/pipeline.h"

namespace croft::hf {

/// Shorthand for the one kind of refusal that all sections share.
[[nodiscard]] std::unexpected<Error> unsupported(std::string_view section, std::string_view what);
[[nodiscard]] std::unexpected<Error> corrupt(std::string_view what);

/// The `type` of a section; empty where it has none.
[[nodiscard]] std::string_view type_of(const json::value& section);

/// A Split or Replace pattern: {"String": ...} or {"Regex": ...}.
Result<Regex> read_pattern(const json::value& section);

/// `section` may be null: no steps.
Result<Normalizer> read_normalizer(const json::value* section);

struct PreTokenizerSection {
  PreTokenizer steps;
  bool byte_level = false;  ///< the model's pieces are spelt in the byte alphabet
};
Result<PreTokenizerSection> read_pre_tokenizer(const json::value* section);

/// How decoding turns pieces into text.
struct DecoderSection {
  enum class Style : std::uint8_t { Plain, ByteLevel, SentencePiece, WordPiece };
  Style style = Style::Plain;
  bool strips_leading_space = false;
  std::string word_piece_prefix = "##";
  bool word_piece_cleanup = true;

  /// The text of a piece that is no byte token.
  [[nodiscard]] std::string text_of(std::string_view piece) const;
};
Result<DecoderSection> read_decoder(const json::value* section);

/// Ids that a post-processor puts around a text.
struct Template {
  std::vector<TokenId> prefix;
  std::vector<TokenId> suffix;
};
/// Errors: Corrupt where an id is outside the vocabulary.
Result<Template> read_post_processor(const json::value* section, const Vocabulary& vocabulary);

/// Model and added tokens. The vocabulary covers both.
Result<std::unique_ptr<const Vocabulary>> read_vocabulary(const json::value& document,
                                                          const DecoderSection& decoder);
Result<std::unique_ptr<const TokenModel>> read_model(const json::value& document,
                                                     const Vocabulary& vocabulary, bool byte_level);
/// Fills raw_specials and normalized_specials. Requires parts.normalizer.
Result<void> read_added_tokens(const json::value& document, PipelineParts& parts);

/// Where the type is left out (older files), the members tell.
[[nodiscard]] std::string_view model_type(const json::value& model);

}  // namespace croft::hf

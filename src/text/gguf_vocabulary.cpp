#include "text/gguf_vocabulary.h"

#include "base/limits.h"
#include "text/byte_alphabet.h"
#include "text/end_markers.h"
#include "text/word_piece_text.h"

namespace croft {
namespace {

constexpr std::string_view tokens_key = "tokenizer.ggml.tokens";
constexpr std::string_view types_key = "tokenizer.ggml.token_type";
constexpr std::string_view scores_key = "tokenizer.ggml.scores";
constexpr std::string_view space_mark = "\u2581";
constexpr std::string_view convert_hint =
    "Convert the model again, or download it from another source";

std::unexpected<Error> corrupt(std::string_view key, std::string message) {
  return fail(ErrorCode::Corrupt, std::string(key) + " " + std::move(message),
              std::string(convert_hint), std::string(key));
}

std::string with_spaces(std::string_view piece) {
  std::string text;
  text.reserve(piece.size());
  for (std::size_t at = 0; at < piece.size();) {
    if (piece.substr(at).starts_with(space_mark)) {
      text += ' ';
      at += space_mark.size();
    } else {
      text += piece[at++];
    }
  }
  return text;
}

/// The bytes that a piece stands for in text.
std::string text_of(std::string_view piece, TokenKind kind, Spelling spelling) {
  if (kind == TokenKind::Byte) {
    const auto byte = byte_of_piece(piece);
    return byte ? std::string(1, static_cast<char>(*byte)) : std::string(piece);
  }
  if (spelling == Spelling::WordPiece) {
    const bool starts_word = kind != TokenKind::Normal || piece.starts_with(space_mark);
    if (kind == TokenKind::Normal && starts_word) piece.remove_prefix(space_mark.size());
    return starts_word ? word_piece_text(piece, true) : std::string(piece);
  }
  if (kind != TokenKind::Normal) return std::string(piece);
  if (spelling == Spelling::ByteLevel) return unspell_bytes(piece).value_or(std::string(piece));
  return with_spaces(piece);
}

Result<TokenKind> kind_at(const GgufNumbers* types, std::size_t i) {
  if (types == nullptr) return TokenKind::Normal;
  const std::int64_t number = types->integer(i);
  if (number < 0 || number > 6) {
    return corrupt(types_key, "holds the unknown type " + std::to_string(number) + " for token " +
                                  std::to_string(i));
  }
  return number == 0 ? TokenKind::Normal : static_cast<TokenKind>(number);
}

Result<void> check_lengths(const GgufStrings* tokens, const GgufNumbers* numbers,
                           std::string_view key) {
  if (numbers != nullptr && numbers->count != tokens->size()) {
    return corrupt(key, "has " + std::to_string(numbers->count) + " entries for " +
                            std::to_string(tokens->size()) + " tokens");
  }
  return {};
}

}  // namespace

Result<Vocabulary> read_gguf_vocabulary(const GgufFile& file, Spelling spelling) {
  const GgufStrings* tokens = TRY(file.strings(tokens_key));
  if (tokens == nullptr || tokens->empty()) return corrupt(tokens_key, "is missing or empty");
  if (tokens->size() > limits::vocabulary_max) {
    return fail(ErrorCode::TooLarge,
                std::string(tokens_key) + " has " + std::to_string(tokens->size()) + " tokens",
                "At most " + std::to_string(limits::vocabulary_max) + " are supported");
  }
  const GgufNumbers* types = TRY(file.numbers(types_key));
  const GgufNumbers* scores = TRY(file.numbers(scores_key));
  TRY(check_lengths(tokens, types, types_key));
  TRY(check_lengths(tokens, scores, scores_key));
  Vocabulary vocabulary;
  vocabulary.reserve(tokens->size());
  for (std::size_t i = 0; i < tokens->size(); ++i) {
    const std::string_view piece = (*tokens)[i];
    if (piece.size() > limits::token_bytes_max) {
      return corrupt(tokens_key, "holds a token of " + std::to_string(piece.size()) +
                                     " bytes at index " + std::to_string(i));
    }
    TokenKind kind = TRY(kind_at(types, i));
    if (kind == TokenKind::UserDefined && is_end_marker(piece)) kind = TokenKind::Control;
    if (kind == TokenKind::Byte && !byte_of_piece(piece)) {
      return corrupt(tokens_key, "names no byte in its byte token " + std::to_string(i));
    }
    const float score = scores == nullptr ? 0.0f : static_cast<float>(scores->number(i));
    vocabulary.add(piece, text_of(piece, kind, spelling), kind, score);
  }
  vocabulary.finish();
  return vocabulary;
}

Result<std::optional<TokenId>> read_gguf_token_id(const GgufFile& file, std::string_view key,
                                                  const Vocabulary& vocabulary) {
  const auto id = TRY(file.integer(key));
  if (!id) return std::nullopt;
  if (!vocabulary.holds(*id)) {
    return corrupt(key, "is " + std::to_string(*id) + ", but the vocabulary has " +
                            std::to_string(vocabulary.size()) + " tokens");
  }
  return static_cast<TokenId>(*id);
}

}  // namespace croft

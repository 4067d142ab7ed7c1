// Builds a tokenizer from `tokenizer.ggml.*`. Where GGUF leaves a choice to the reader, llama.cpp
// is the reference: its converter wrote the files (docs/formats/tokenizers.md).

#include <algorithm>
#include <cctype>
#include <utility>

#include "text/bert_normalizer.h"
#include "text/byte_bpe.h"
#include "text/charsmap.h"
#include "text/end_markers.h"
#include "text/gguf_vocabulary.h"
#include "text/pipeline.h"
#include "text/score_bpe.h"
#include "text/unigram.h"
#include "text/word_piece.h"

namespace croft {
namespace {

/// Keys that add_special obeys, with the reference's default for the kind of tokenizer.
struct SpecialDefaults {
  bool adds_bos = false;
  bool adds_eos = false;
};

Result<bool> flag(const GgufFile& file, std::string_view key, bool otherwise) {
  const auto value = TRY(file.boolean(key));
  return value.value_or(otherwise);
}

Result<void> read_ends(const GgufFile& file, SpecialDefaults defaults, PipelineParts& parts) {
  const Vocabulary& vocabulary = *parts.vocabulary;
  parts.bos = TRY(read_gguf_token_id(file, "tokenizer.ggml.bos_token_id", vocabulary));
  parts.eos = TRY(read_gguf_token_id(file, "tokenizer.ggml.eos_token_id", vocabulary));
  std::vector<TokenId> named;
  if (parts.eos) named.push_back(*parts.eos);
  for (const std::string_view key :
       {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    const auto id = TRY(read_gguf_token_id(file, key, vocabulary));
    if (id) named.push_back(*id);
  }
  parts.end_tokens = find_end_tokens(vocabulary, std::move(named));
  const bool adds_bos = TRY(flag(file, "tokenizer.ggml.add_bos_token", defaults.adds_bos));
  const bool adds_eos = TRY(flag(file, "tokenizer.ggml.add_eos_token", defaults.adds_eos));
  if (adds_bos && parts.bos) parts.prefix.push_back(*parts.bos);
  if (adds_eos && parts.eos) parts.suffix.push_back(*parts.eos);
  return {};
}

/// Phi-3's tokens take the white space to their right, but no GGUF key says so: the reference goes
/// by the model's name and spares these three.
bool is_phi3(const GgufFile& file) {
  const auto value = file.string("general.name");
  if (!value || !*value) return false;
  std::string name(**value);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name.find("phi3") != std::string::npos || name.find("phi-3") != std::string::npos;
}

bool phi3_strips_right(std::string_view piece) {
  return piece != "<unk>" && piece != "<s>" && piece != "<|endoftext|>";
}

SpecialTokens find_specials(const Vocabulary& vocabulary, bool phi3) {
  std::vector<SpecialToken> tokens;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenKind kind = vocabulary.kind(id);
    const bool control = kind == TokenKind::Control || kind == TokenKind::Unknown;
    if (!control && kind != TokenKind::UserDefined) continue;
    const std::string_view piece = vocabulary.piece(id);
    tokens.push_back({.text = std::string(piece),
                      .id = id,
                      .control = control,
                      .strips_right = phi3 && phi3_strips_right(piece)});
  }
  return SpecialTokens(std::move(tokens));
}

Result<std::vector<SpeltMerge>> read_merges(const GgufFile& file) {
  constexpr std::string_view key = "tokenizer.ggml.merges";
  const GgufStrings* lines = TRY(file.strings(key));
  if (lines == nullptr) {
    return fail(ErrorCode::Corrupt, "tokenizer.ggml.merges is missing",
                "Convert the model again with a current converter", std::string(key));
  }
  std::vector<SpeltMerge> merges;
  merges.reserve(lines->size());
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const std::string_view line = (*lines)[i];
    const std::size_t space = line.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == line.size()) {
      return fail(ErrorCode::Corrupt,
                  "tokenizer.ggml.merges has no two parts in its entry " + std::to_string(i),
                  "Convert the model again with a current converter", std::string(key));
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

Result<PipelineParts> read_byte_bpe(const GgufFile& file) {
  PipelineParts parts;
  Vocabulary vocabulary = TRY(read_gguf_vocabulary(file, Spelling::ByteLevel));
  parts.vocabulary = std::make_unique<const Vocabulary>(std::move(vocabulary));
  const auto stored_name = TRY(file.string("tokenizer.ggml.pre"));
  const std::string_view name = stored_name.value_or("default");
  parts.pre_tokenizer = TRY(pre_tokenizer_named(name));
  const PreTokenizerTraits traits = pre_tokenizer_traits(name);
  const std::vector<SpeltMerge> merges = TRY(read_merges(file));
  parts.model = std::make_unique<ByteBpe>(*parts.vocabulary, merges, traits.ignore_merges);
  TRY(read_ends(file, {.adds_bos = traits.adds_bos}, parts));
  return parts;
}

/// A vocabulary that is nothing without its scores.
Result<std::unique_ptr<const Vocabulary>> read_scored_vocabulary(const GgufFile& file) {
  if (TRY(file.numbers("tokenizer.ggml.scores")) == nullptr) {
    return fail(ErrorCode::Corrupt, "tokenizer.ggml.scores is missing",
                "Convert the model again with a current converter", "tokenizer.ggml.scores");
  }
  Vocabulary vocabulary = TRY(read_gguf_vocabulary(file, Spelling::SentencePiece));
  return std::make_unique<const Vocabulary>(std::move(vocabulary));
}

Result<PipelineParts> read_score_bpe(const GgufFile& file) {
  PipelineParts parts;
  parts.vocabulary = TRY(read_scored_vocabulary(file));
  const bool prefix = TRY(flag(file, "tokenizer.ggml.add_space_prefix", true));
  if (prefix) parts.normalizer.push_back(make_prepend(" "));
  parts.normalizer.push_back(make_replace(" ", "\u2581"));
  parts.strips_leading_space = prefix;
  if (!has_pieces_across_words(*parts.vocabulary)) parts.pre_tokenizer.push_back(make_word_split());
  const auto unknown =
      TRY(read_gguf_token_id(file, "tokenizer.ggml.unknown_token_id", *parts.vocabulary));
  parts.model = std::make_unique<ScoreBpe>(*parts.vocabulary, unknown);
  TRY(read_ends(file, {.adds_bos = true}, parts));
  return parts;
}

/// The charsmap is an array of bytes (signed or not, by converter).
Result<std::string> read_charsmap(const GgufFile& file) {
  const GgufNumbers* bytes = TRY(file.numbers("tokenizer.ggml.precompiled_charsmap"));
  std::string out;
  if (bytes == nullptr) return out;
  out.reserve(bytes->count);
  for (std::size_t i = 0; i < bytes->count; ++i) out += static_cast<char>(bytes->integer(i));
  return out;
}

Result<PipelineParts> read_unigram(const GgufFile& file) {
  PipelineParts parts;
  parts.vocabulary = TRY(read_scored_vocabulary(file));
  const std::string charsmap = TRY(read_charsmap(file));
  auto table = TRY(make_charsmap(charsmap, "tokenizer.ggml.precompiled_charsmap"));
  parts.normalizer.push_back(std::move(table));
  if (TRY(flag(file, "tokenizer.ggml.remove_extra_whitespaces", false))) {
    parts.normalizer.push_back(make_squeeze_spaces());
  }
  const bool prefix = TRY(flag(file, "tokenizer.ggml.add_space_prefix", true));
  if (prefix) parts.normalizer.push_back(make_prepend(" "));
  parts.normalizer.push_back(make_replace(" ", "\u2581"));
  parts.strips_leading_space = prefix;
  const auto unknown =
      TRY(read_gguf_token_id(file, "tokenizer.ggml.unknown_token_id", *parts.vocabulary));
  parts.model = std::make_unique<Unigram>(*parts.vocabulary, UnigramOptions{.unknown = unknown});
  TRY(read_ends(file, {.adds_eos = true}, parts));
  return parts;
}

/// The first of two keys that is there, else the token spelt `piece`: older converters left the
/// keys out.
Result<std::optional<TokenId>> read_bert_id(const GgufFile& file, std::string_view key,
                                            std::string_view other_key, std::string_view piece,
                                            const Vocabulary& vocabulary) {
  const auto id = TRY(read_gguf_token_id(file, key, vocabulary));
  if (id) return id;
  const auto other = TRY(read_gguf_token_id(file, other_key, vocabulary));
  if (other) return other;
  return vocabulary.find(piece);
}

Result<PipelineParts> read_word_piece(const GgufFile& file) {
  PipelineParts parts;
  Vocabulary vocabulary = TRY(read_gguf_vocabulary(file, Spelling::WordPiece));
  parts.vocabulary = std::make_unique<const Vocabulary>(std::move(vocabulary));
  const bool lower = TRY(flag(file, "tokenizer.ggml.normalizer.lowercase", true));
  const bool strip = TRY(flag(file, "tokenizer.ggml.normalizer.strip_accents", lower));
  parts.normalizer.push_back(make_bert_normalizer({.strip_accents = strip, .lower_case = lower}));
  parts.pre_tokenizer = TRY(make_bert_pre_tokenizer());
  const auto unknown =
      TRY(read_bert_id(file, "tokenizer.ggml.unknown_token_id", "tokenizer.ggml.unknown_token_id",
                       "[UNK]", *parts.vocabulary));
  parts.model = std::make_unique<WordPiece>(
      *parts.vocabulary, WordPieceOptions{.start_prefix = "\u2581", .unknown = unknown});
  parts.bos = TRY(read_bert_id(file, "tokenizer.ggml.cls_token_id", "tokenizer.ggml.bos_token_id",
                               "[CLS]", *parts.vocabulary));
  // The key is spelt so in the format.
  parts.eos = TRY(read_bert_id(file, "tokenizer.ggml.seperator_token_id",
                               "tokenizer.ggml.eos_token_id", "[SEP]", *parts.vocabulary));
  if (parts.bos) parts.prefix.push_back(*parts.bos);
  if (parts.eos) parts.suffix.push_back(*parts.eos);
  parts.strips_leading_space = true;
  return parts;
}

Result<PipelineParts> read_parts(const GgufFile& file) {
  const auto model = TRY(file.string("tokenizer.ggml.model"));
  if (!model) {
    return fail(ErrorCode::Corrupt, "tokenizer.ggml.model is missing",
                "The file holds no tokenizer; use a complete GGUF file", "tokenizer.ggml.model");
  }
  if (*model == "gpt2") return read_byte_bpe(file);
  if (*model == "llama") return read_score_bpe(file);
  if (*model == "t5") return read_unigram(file);
  if (*model == "bert") return read_word_piece(file);
  return fail(ErrorCode::Unsupported,
              "The tokenizer model '" + std::string(model->substr(0, 100)) + "' is not known",
              "Supported are gpt2, llama, t5 and bert", "tokenizer.ggml.model");
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> tokenizer_from_gguf(const GgufFile& file) {
  PipelineParts parts = TRY(read_parts(file));
  parts.raw_specials = find_specials(*parts.vocabulary, is_phi3(file));
  return make_pipeline(std::move(parts));
}

}  // namespace croft

// tokenizer.json: `model`.

#include "text/byte_bpe.h"
#include "text/hf_parts.h"
#include "text/ranked_bpe.h"
#include "text/unigram.h"
#include "text/word_piece.h"

namespace croft::hf {
namespace {

using ModelResult = Result<std::unique_ptr<const TokenModel>>;

/// One merge: "a b", or ["a", "b"] in files since 2024.
std::optional<SpeltMerge> read_merge(const json::value& line) {
  if (const json::string* text = line.if_string()) {
    const std::string_view spelt = *text;
    const std::size_t space = spelt.find(' ');
    if (space == std::string_view::npos || space == 0 || space + 1 == spelt.size()) {
      return std::nullopt;
    }
    return SpeltMerge{spelt.substr(0, space), spelt.substr(space + 1)};
  }
  const json::array* pair = line.if_array();
  if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) {
    return std::nullopt;
  }
  return SpeltMerge{(*pair)[0].get_string(), (*pair)[1].get_string()};
}

Result<std::vector<SpeltMerge>> read_merges(const json::value& model) {
  const json::value* lines = find(model, "merges");
  if (lines == nullptr || !lines->is_array()) return corrupt("the BPE model has no merges");
  std::vector<SpeltMerge> merges;
  merges.reserve(lines->get_array().size());
  for (const json::value& line : lines->get_array()) {
    const auto merge = read_merge(line);
    if (!merge) return corrupt("the merge " + std::to_string(merges.size()) + " has no two parts");
    merges.push_back(*merge);
  }
  return merges;
}

/// Options that would change the ids and that no supported family uses.
Result<void> refuse_bpe_options(const json::value& model) {
  for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!find_string(model, key).value_or("").empty()) return unsupported("model", key);
  }
  if (find_number(model, "dropout").value_or(0) > 0) return unsupported("model", "dropout");
  return {};
}

ModelResult read_bpe(const json::value& model, const Vocabulary& vocabulary, bool byte_level) {
  TRY(refuse_bpe_options(model));
  const std::vector<SpeltMerge> merges = TRY(read_merges(model));
  const bool ignore_merges = find_bool(model, "ignore_merges").value_or(false);
  if (byte_level) return std::make_unique<ByteBpe>(vocabulary, merges, ignore_merges);
  RankedBpeOptions options{.fuse_unknown = find_bool(model, "fuse_unk").value_or(false),
                           .byte_fallback = find_bool(model, "byte_fallback").value_or(false),
                           .ignore_merges = ignore_merges};
  if (const auto piece = find_string(model, "unk_token")) options.unknown = vocabulary.find(*piece);
  return std::make_unique<RankedBpe>(vocabulary, merges, options);
}

ModelResult read_unigram(const json::value& model, const Vocabulary& vocabulary) {
  UnigramOptions options{.byte_fallback = find_bool(model, "byte_fallback").value_or(false)};
  if (const auto id = find_int(model, "unk_id")) {
    if (!vocabulary.holds(*id)) {
      return corrupt("the model's unk_id is " + std::to_string(*id) + ", but the vocabulary has " +
                     std::to_string(vocabulary.size()) + " tokens");
    }
    options.unknown = static_cast<TokenId>(*id);
  }
  return std::make_unique<Unigram>(vocabulary, options);
}

ModelResult read_word_piece(const json::value& model, const Vocabulary& vocabulary) {
  const auto unknown = find_string(model, "unk_token").value_or("[UNK]");
  const auto prefix = find_string(model, "continuing_subword_prefix").value_or("##");
  const std::int64_t chars = find_int(model, "max_input_chars_per_word").value_or(100);
  if (chars < 0) return corrupt("the model's max_input_chars_per_word is negative");
  return std::make_unique<WordPiece>(
      vocabulary, WordPieceOptions{.next_prefix = std::string(prefix),
                                   .word_chars_max = static_cast<std::size_t>(chars),
                                   .unknown = vocabulary.find(unknown)});
}

}  // namespace

std::string_view model_type(const json::value& model) {
  const std::string_view type = type_of(model);
  if (!type.empty()) return type;
  if (find(model, "merges") != nullptr) return "BPE";
  const json::value* vocab = find(model, "vocab");
  if (vocab != nullptr && vocab->is_array()) return "Unigram";
  return "WordPiece";
}

ModelResult read_model(const json::value& document, const Vocabulary& vocabulary, bool byte_level) {
  const json::value* model = find(document, "model");
  if (model == nullptr) return corrupt("there is no model");
  const std::string_view type = model_type(*model);
  if (type == "BPE") return read_bpe(*model, vocabulary, byte_level);
  if (type == "Unigram") return read_unigram(*model, vocabulary);
  if (type == "WordPiece") return read_word_piece(*model, vocabulary);
  return unsupported("model", type);
}

}  // namespace croft::hf

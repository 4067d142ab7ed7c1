// tokenizer.json: `model.vocab` and `added_tokens`.

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "text/end_markers.h"
#include "text/hf_parts.h"

namespace croft::hf {
namespace {

struct Entry {
  std::string_view piece;
  float score = 0;
  TokenKind kind = TokenKind::Unused;  ///< ids that nothing names stay unused
};

/// Entries by id, grown as ids appear.
class Entries {
 public:
  Result<Entry*> at(std::int64_t id, std::string_view piece) {
    if (id < 0 || id >= std::int64_t{limits::vocabulary_max}) {
      return corrupt("the token '" + utf8_excerpt(piece) + "' has the id " + std::to_string(id));
    }
    if (piece.size() > limits::token_bytes_max) {
      return corrupt("the token " + std::to_string(id) + " has " + std::to_string(piece.size()) +
                     " bytes");
    }
    const auto index = static_cast<std::size_t>(id);
    if (index >= list_.size()) list_.resize(index + 1);
    return &list_[index];
  }
  [[nodiscard]] const std::vector<Entry>& list() const { return list_; }

 private:
  static std::string utf8_excerpt(std::string_view piece) {
    return piece.size() <= 60 ? std::string(piece)
                              : "(of " + std::to_string(piece.size()) + " bytes)";
  }
  std::vector<Entry> list_;
};

Result<void> add_piece(std::string_view piece, std::int64_t id, float score, bool byte_fallback,
                       Entries& entries) {
  Entry* entry = TRY(entries.at(id, piece));
  if (entry->kind != TokenKind::Unused) {
    return corrupt("two tokens of the vocabulary have the id " + std::to_string(id));
  }
  const bool is_byte = byte_fallback && byte_of_piece(piece).has_value();
  *entry = {piece, score, is_byte ? TokenKind::Byte : TokenKind::Normal};
  return {};
}

Result<void> add_object(const json::object& vocab, bool byte_fallback, Entries& entries) {
  for (const auto& [piece, id] : vocab) {
    if (!id.is_int64()) return corrupt("the vocabulary holds an id that is no integer");
    TRY(add_piece(piece, id.get_int64(), 0, byte_fallback, entries));
  }
  return {};
}

/// Unigram: [["piece", score], ...], the id is the place.
Result<void> add_list(const json::array& vocab, bool byte_fallback, Entries& entries) {
  for (std::size_t i = 0; i < vocab.size(); ++i) {
    const json::array* pair = vocab[i].if_array();
    const bool known =
        pair != nullptr && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_number();
    if (!known) return corrupt("the vocabulary's entry " + std::to_string(i) + " is no pair");
    TRY(add_piece((*pair)[0].get_string(), static_cast<std::int64_t>(i),
                  static_cast<float>((*pair)[1].to_number<double>()), byte_fallback, entries));
  }
  return {};
}

Result<void> add_model_vocabulary(const json::value& model, Entries& entries) {
  const bool byte_fallback = find_bool(model, "byte_fallback").value_or(false);
  const json::value* vocab = find(model, "vocab");
  if (vocab != nullptr && vocab->is_object()) {
    return add_object(vocab->get_object(), byte_fallback, entries);
  }
  if (vocab != nullptr && vocab->is_array()) {
    return add_list(vocab->get_array(), byte_fallback, entries);
  }
  return corrupt("the model has no vocab");
}

/// Calls visit(section, content, id) for every added token.
template <typename Visit>
Result<void> for_each_added(const json::value& document, const Visit& visit) {
  const json::value* list = find(document, "added_tokens");
  if (list == nullptr) return {};
  if (!list->is_array()) return corrupt("added_tokens is no list");
  for (const json::value& token : list->get_array()) {
    const auto content = find_string(token, "content");
    const auto id = find_int(token, "id");
    if (!content || !id) return corrupt("an added token has no content or no id");
    TRY(visit(token, *content, *id));
  }
  return {};
}

bool is_special(const json::value& token, std::string_view content) {
  // An end marker is control in any case: a user must not be able to type it.
  return find_bool(token, "special").value_or(false) || is_end_marker(content);
}

}  // namespace

Result<std::unique_ptr<const Vocabulary>> read_vocabulary(const json::value& document,
                                                          const DecoderSection& decoder) {
  const json::value* model = find(document, "model");
  if (model == nullptr) return corrupt("there is no model");
  Entries entries;
  TRY(add_model_vocabulary(*model, entries));
  const auto add = [&](const json::value& token, std::string_view content,
                       std::int64_t id) -> Result<void> {
    Entry* entry = TRY(entries.at(id, content));
    entry->piece = content;
    entry->kind = is_special(token, content) ? TokenKind::Control : TokenKind::UserDefined;
    return {};
  };
  TRY(for_each_added(document, add));
  if (entries.list().empty()) return corrupt("the vocabulary is empty");
  auto vocabulary = std::make_unique<Vocabulary>();
  vocabulary->reserve(entries.list().size());
  for (const Entry& entry : entries.list()) {
    const auto byte = byte_of_piece(entry.piece);
    const std::string text = entry.kind == TokenKind::Byte && byte
                                 ? std::string(1, static_cast<char>(*byte))
                                 : decoder.text_of(entry.piece);
    vocabulary->add(entry.piece, text, entry.kind, entry.score);
  }
  vocabulary->finish();
  return vocabulary;
}

Result<void> read_added_tokens(const json::value& document, PipelineParts& parts) {
  std::vector<SpecialToken> raw;
  std::vector<SpecialToken> normalized;
  TRY(for_each_added(
      document,
      [&](const json::value& token, std::string_view content, std::int64_t id) -> Result<void> {
        SpecialToken special{.text = std::string(content),
                             .id = static_cast<TokenId>(id),
                             .control = is_special(token, content),
                             .strips_left = find_bool(token, "lstrip").value_or(false),
                             .strips_right = find_bool(token, "rstrip").value_or(false),
                             .single_word = find_bool(token, "single_word").value_or(false)};
        if (!find_bool(token, "normalized").value_or(!special.control)) {
          raw.push_back(std::move(special));
          return {};
        }
        for (const auto& step : parts.normalizer) special.text = step->apply(special.text);
        normalized.push_back(std::move(special));
        return {};
      }));
  parts.raw_specials = SpecialTokens(std::move(raw));
  parts.normalized_specials = SpecialTokens(std::move(normalized));
  return {};
}

}  // namespace croft::hf

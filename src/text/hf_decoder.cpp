// tokenizer.json: `decoder` and `post_processor`.

#include "text/byte_alphabet.h"
#include "text/hf_parts.h"
#include "text/word_piece_text.h"

namespace croft::hf {
namespace {

constexpr std::string_view space_mark = "\u2581";

std::string with_spaces(std::string_view piece) {
  std::string text(piece);
  for (std::size_t at = text.find(space_mark); at != std::string::npos;
       at = text.find(space_mark, at + 1)) {
    text.replace(at, space_mark.size(), " ");
  }
  return text;
}

Result<void> apply_decoder(const json::value& section, DecoderSection& out) {
  using Style = DecoderSection::Style;
  const std::string_view type = type_of(section);
  if (type == "Sequence") {
    const json::value* members = find(section, "decoders");
    if (members == nullptr || !members->is_array()) return corrupt("the decoder has no list");
    for (const json::value& member : members->get_array()) TRY(apply_decoder(member, out));
  } else if (type == "ByteLevel") {
    out.style = Style::ByteLevel;
  } else if (type == "Metaspace") {
    out.style = Style::SentencePiece;
    const bool prefix = find_bool(section, "add_prefix_space").value_or(true);
    const auto scheme = find_string(section, "prepend_scheme");
    out.strips_leading_space = scheme ? *scheme != "never" : prefix;
  } else if (type == "Replace") {
    const json::value* pattern = find(section, "pattern");
    const bool known = pattern != nullptr && find_string(*pattern, "String") == space_mark &&
                       find_string(section, "content") == " ";
    if (!known) return unsupported("decoder", "Replace of anything but U+2581 by a space");
    out.style = Style::SentencePiece;
  } else if (type == "Strip") {
    const bool known = find_string(section, "content") == " " &&
                       find_int(section, "start").value_or(0) <= 1 &&
                       find_int(section, "stop").value_or(0) == 0;
    if (!known) return unsupported("decoder", "Strip of anything but one leading space");
    out.strips_leading_space = find_int(section, "start").value_or(0) == 1;
  } else if (type == "WordPiece") {
    out.style = Style::WordPiece;
    out.word_piece_prefix = std::string(find_string(section, "prefix").value_or("##"));
    out.word_piece_cleanup = find_bool(section, "cleanup").value_or(true);
    out.strips_leading_space = true;
  } else if (type != "ByteFallback" && type != "Fuse") {
    return unsupported("decoder", type);
  }
  return {};
}

Result<TokenId> checked_id(std::int64_t id, const Vocabulary& vocabulary) {
  if (!vocabulary.holds(id)) {
    return corrupt("the post_processor names the id " + std::to_string(id) +
                   ", but the vocabulary has " + std::to_string(vocabulary.size()) + " tokens");
  }
  return static_cast<TokenId>(id);
}

Result<void> read_template_token(const json::value& section, const json::value& token,
                                 const Vocabulary& vocabulary, std::vector<TokenId>& out) {
  const std::string_view name = find_string(token, "id").value_or("");
  const json::value* table = find(section, "special_tokens");
  const json::value* entry = table == nullptr ? nullptr : find(*table, name);
  const json::value* ids = entry == nullptr ? nullptr : find(*entry, "ids");
  if (ids == nullptr || !ids->is_array()) {
    return corrupt("the post_processor uses '" + std::string(name) + "' without its ids");
  }
  for (const json::value& id : ids->get_array()) {
    out.push_back(TRY(checked_id(id.is_int64() ? id.get_int64() : -1, vocabulary)));
  }
  return {};
}

Result<void> read_template(const json::value& section, const Vocabulary& vocabulary,
                           Template& out) {
  const json::value* single = find(section, "single");
  if (single == nullptr || !single->is_array()) {
    return corrupt("the post_processor's TemplateProcessing has no 'single'");
  }
  bool after_text = false;
  for (const json::value& part : single->get_array()) {
    if (const json::value* token = find(part, "SpecialToken")) {
      TRY(read_template_token(section, *token, vocabulary, after_text ? out.suffix : out.prefix));
    } else {
      after_text = after_text || find(part, "Sequence") != nullptr;
    }
  }
  return {};
}

/// BertProcessing and RobertaProcessing write ["[CLS]", 101].
Result<void> read_pair(const json::value& section, std::string_view key,
                       const Vocabulary& vocabulary, std::vector<TokenId>& out) {
  const json::value* pair = find(section, key);
  const bool known = pair != nullptr && pair->is_array() && pair->get_array().size() == 2 &&
                     pair->get_array()[1].is_int64();
  if (!known) return corrupt("the post_processor has no '" + std::string(key) + "'");
  out.push_back(TRY(checked_id(pair->get_array()[1].get_int64(), vocabulary)));
  return {};
}

Result<void> apply_post_processor(const json::value& section, const Vocabulary& vocabulary,
                                  Template& out) {
  const std::string_view type = type_of(section);
  if (type == "ByteLevel") return {};
  if (type == "TemplateProcessing") return read_template(section, vocabulary, out);
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    TRY(read_pair(section, "cls", vocabulary, out.prefix));
    return read_pair(section, "sep", vocabulary, out.suffix);
  }
  const json::value* members = find(section, "processors");
  if (type != "Sequence" || members == nullptr || !members->is_array()) {
    return unsupported("post_processor", type);
  }
  for (const json::value& member : members->get_array()) {
    TRY(apply_post_processor(member, vocabulary, out));
  }
  return {};
}

}  // namespace

std::string DecoderSection::text_of(std::string_view piece) const {
  switch (style) {
    case Style::ByteLevel:
      return unspell_bytes(piece).value_or(std::string(piece));
    case Style::SentencePiece:
      return with_spaces(piece);
    case Style::WordPiece:
      if (!word_piece_prefix.empty() && piece.starts_with(word_piece_prefix)) {
        return std::string(piece.substr(word_piece_prefix.size()));
      }
      return word_piece_text(piece, word_piece_cleanup);
    case Style::Plain:
      break;
  }
  return std::string(piece);
}

Result<DecoderSection> read_decoder(const json::value* section) {
  DecoderSection out;
  if (section != nullptr) TRY(apply_decoder(*section, out));
  return out;
}

Result<Template> read_post_processor(const json::value* section, const Vocabulary& vocabulary) {
  Template out;
  if (section != nullptr) TRY(apply_post_processor(*section, vocabulary, out));
  return out;
}

}  // namespace croft::hf

// tokenizer.json: `normalizer`.

#include "text/base64.h"
#include "text/bert_normalizer.h"
#include "text/charsmap.h"
#include "text/hf_parts.h"

namespace croft::hf {
namespace {

std::string text_member(const json::value& section, std::string_view key) {
  return std::string(find_string(section, key).value_or(""));
}

Result<std::unique_ptr<NormalizerStep>> read_replace(const json::value& section) {
  const json::value* pattern = find(section, "pattern");
  if (pattern != nullptr) {
    if (const auto text = find_string(*pattern, "String")) {
      return make_replace(std::string(*text), text_member(section, "content"));
    }
  }
  Regex regex = TRY(read_pattern(section));
  return make_replace(std::move(regex), text_member(section, "content"));
}

std::unique_ptr<NormalizerStep> read_bert(const json::value& section) {
  const bool lower = find_bool(section, "lowercase").value_or(true);
  return make_bert_normalizer(
      {.clean_text = find_bool(section, "clean_text").value_or(true),
       .space_han = find_bool(section, "handle_chinese_chars").value_or(true),
       .strip_accents = find_bool(section, "strip_accents").value_or(lower),
       .lower_case = lower});
}

Result<std::unique_ptr<NormalizerStep>> read_step(const json::value& section) {
  const std::string_view type = type_of(section);
  if (type == "NFC") return make_unicode_form(unicode::Form::Nfc);
  if (type == "NFD") return make_unicode_form(unicode::Form::Nfd);
  if (type == "NFKC") return make_unicode_form(unicode::Form::Nfkc);
  if (type == "NFKD") return make_unicode_form(unicode::Form::Nfkd);
  if (type == "Lowercase") return make_lower_case();
  if (type == "StripAccents") return make_strip_accents();
  if (type == "BertNormalizer") return read_bert(section);
  if (type == "Prepend") return make_prepend(text_member(section, "prepend"));
  if (type == "Replace") return read_replace(section);
  if (type == "Strip") {
    return make_strip(find_bool(section, "strip_left").value_or(true),
                      find_bool(section, "strip_right").value_or(true));
  }
  if (type == "Precompiled") {
    const auto bytes = decode_base64(text_member(section, "precompiled_charsmap"));
    if (!bytes) return corrupt("the normalizer's precompiled_charsmap is no base64");
    return make_charsmap(*bytes, "precompiled_charsmap");
  }
  return unsupported("normalizer", type);
}

Result<void> append_steps(const json::value& section, Normalizer& steps) {
  if (type_of(section) != "Sequence") {
    steps.push_back(TRY(read_step(section)));
    return {};
  }
  const json::value* members = find(section, "normalizers");
  if (members == nullptr || !members->is_array()) {
    return corrupt("the normalizer's Sequence has no list");
  }
  for (const json::value& member : members->get_array()) TRY(append_steps(member, steps));
  return {};
}

}  // namespace

Result<Normalizer> read_normalizer(const json::value* section) {
  Normalizer steps;
  if (section != nullptr) TRY(append_steps(*section, steps));
  return steps;
}

}  // namespace croft::hf

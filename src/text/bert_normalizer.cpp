#include "text/bert_normalizer.h"

#include <array>

#include "text/utf8.h"

namespace croft {
namespace {

struct Block {
  char32_t first;
  char32_t last;
};

/// The CJK blocks of BERT. The reference begins the sixth at U+2B920, a slip for U+2B820 that its
/// vocabularies now depend on.
constexpr std::array<Block, 8> han_blocks = {{
    {0x4E00, 0x9FFF},
    {0x3400, 0x4DBF},
    {0x20000, 0x2A6DF},
    {0x2A700, 0x2B73F},
    {0x2B740, 0x2B81F},
    {0x2B920, 0x2CEAF},
    {0xF900, 0xFAFF},
    {0x2F800, 0x2FA1F},
}};

bool is_han(char32_t value) {
  if (value < 0x3400) return false;
  for (const Block& block : han_blocks) {
    if (value >= block.first && value <= block.last) return true;
  }
  return false;
}

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Step step = utf8::decode(text, at);
    if (unicode::is_white_space(step.value)) {
      out += ' ';
    } else if (step.value != utf8::replacement && !unicode::is_control(step.value)) {
      out.append(text, at, step.length);
    }
    at += step.length;
  }
  return out;
}

std::string space_han(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Step step = utf8::decode(text, at);
    const std::string_view character = text.substr(at, step.length);
    if (is_han(step.value)) {
      out.append(" ").append(character).append(" ");
    } else {
      out += character;
    }
    at += step.length;
  }
  return out;
}

class BertNormalizer final : public NormalizerStep {
 public:
  explicit BertNormalizer(BertNormalizerOptions options) : options_(options) {}

  std::string apply(std::string text) const override {
    if (options_.clean_text) text = clean(text);
    if (options_.space_han) text = space_han(text);
    if (options_.strip_accents) {
      text = strip_accents_->apply(unicode::normalize(text, unicode::Form::Nfd));
    }
    if (options_.lower_case) text = unicode::lower_case(text);
    return text;
  }

 private:
  BertNormalizerOptions options_;
  std::unique_ptr<NormalizerStep> strip_accents_ = make_strip_accents();
};

}  // namespace

std::unique_ptr<NormalizerStep> make_bert_normalizer(BertNormalizerOptions options) {
  return std::make_unique<BertNormalizer>(options);
}

Result<PreTokenizer> make_bert_pre_tokenizer() {
  PreTokenizer steps;
  Regex space = TRY(Regex::compile(R"(\s)"));
  steps.push_back(make_split(std::move(space), SplitBehavior::Removed, false));
  Regex punctuation = TRY(Regex::compile(R"([!-/:-@\[-`{-~\p{P}])"));
  steps.push_back(make_split(std::move(punctuation), SplitBehavior::Isolated, false));
  return steps;
}

}  // namespace croft

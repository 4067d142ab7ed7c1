#include "text/special_tokens.h"

#include <algorithm>

#include "text/unicode.h"
#include "text/utf8.h"

namespace croft {
namespace {

bool overlaps_any(ByteRange range, std::span<const ByteRange> sorted) {
  const auto first_after = std::ranges::partition_point(
      sorted, [&](const ByteRange& each) { return each.end <= range.begin; });
  return first_after != sorted.end() && first_after->begin < range.end;
}

/// The code point that ends at `end`, or 0 at the start of the text.
char32_t code_point_before(std::string_view text, std::size_t end) {
  if (end == 0) return 0;
  std::size_t begin = end - 1;
  while (begin > 0 && end - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) {
    --begin;
  }
  return utf8::decode(text, begin).value;
}

char32_t code_point_at(std::string_view text, std::size_t begin) {
  return begin < text.size() ? utf8::decode(text, begin).value : 0;
}

bool stands_alone(std::string_view text, ByteRange range) {
  return !unicode::is_word(code_point_before(text, range.begin)) &&
         !unicode::is_word(code_point_at(text, range.end));
}

std::size_t skip_white_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const utf8::Step step = utf8::decode(text, at);
    if (!step.valid || !unicode::is_white_space(step.value)) break;
    at += step.length;
  }
  return at;
}

std::size_t skip_white_space_back(std::string_view text, std::size_t at, std::size_t least) {
  while (at > least) {
    const char32_t value = code_point_before(text.substr(0, at), at);
    if (!unicode::is_white_space(value)) break;
    std::string encoded;
    utf8::append(encoded, value);
    at -= encoded.size();
  }
  return at;
}

}  // namespace

SpecialTokens::SpecialTokens(std::vector<SpecialToken> tokens) {
  std::erase_if(tokens, [](const SpecialToken& token) { return token.text.empty(); });
  tokens_ = std::move(tokens);
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    trie_.add(tokens_[i].text, static_cast<std::int32_t>(i));
    starts_[static_cast<unsigned char>(tokens_[i].text[0])] = true;
  }
}

std::vector<Segment> SpecialTokens::split(std::string_view text, bool parse_special,
                                          std::span<const ByteRange> untrusted) const {
  std::vector<Segment> out;
  std::size_t text_begin = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    if (!starts_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const SpecialToken* best = nullptr;
    trie_.for_each_prefix(text.substr(at), [&](std::size_t length, std::int32_t index) {
      const SpecialToken& token = tokens_[static_cast<std::size_t>(index)];
      const ByteRange range{at, at + length};
      if (token.control && (!parse_special || overlaps_any(range, untrusted))) return;
      if (token.single_word && !stands_alone(text, range)) return;
      best = &token;
    });
    if (best == nullptr) {
      ++at;
      continue;
    }
    const std::size_t begin = best->strips_left ? skip_white_space_back(text, at, text_begin) : at;
    if (begin > text_begin) out.push_back({{text_begin, begin}, -1});
    at += best->text.size();
    if (best->strips_right) at = skip_white_space(text, at);
    out.push_back({{begin, at}, best->id});
    text_begin = at;
  }
  if (text_begin < text.size()) out.push_back({{text_begin, text.size()}, -1});
  return out;
}

}  // namespace croft

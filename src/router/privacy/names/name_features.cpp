#include "router/privacy/names/name_features.h"

#include <algorithm>

namespace croft::privacy {
namespace {

constexpr std::uint32_t kEdge = 0x51ED270Bu;  // stands for what is before the first, after the last
constexpr std::size_t kReachLeft = 8;
constexpr std::size_t kReachRight = 6;

constexpr std::uint32_t mix(std::uint32_t a, std::uint32_t b) {
  std::uint32_t hash = (a ^ 0x9E3779B9u) * 0x85EBCA6Bu ^ b;
  hash *= 0xC2B2AE35u;
  return hash ^ (hash >> 15);
}
constexpr std::uint32_t mix(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return mix(mix(a, b), c);
}

std::uint32_t kind_of(const NameToken& token) {
  const std::uint32_t form = static_cast<std::uint32_t>(token.form) << 8;
  // Signs differ by which they are.
  if (token.form == TokenForm::Sign) return form | (token.hash & 0xFFFF0000u);
  return form | (token.lists & 0x7Fu);
}

std::uint32_t word_of(const NameToken& token) {
  if (is_number(token.form)) return static_cast<std::uint32_t>(token.form);
  if (token.form == TokenForm::Sign || token.form == TokenForm::Line ||
      (token.lists & kCommonWord) != 0)
    return token.hash | 0x100u;
  // Who it is must not matter, or the tagger would learn names by heart.
  return static_cast<std::uint32_t>(token.form) << 16 | (token.lists & 0x3Fu) << 8;
}

bool is_telling_word(const NameToken& token) {
  return token.form == TokenForm::Lower && (token.lists & kCommonWord) != 0;
}

/// Numbers count beside a word only: rows of them are nobody's age or address.
bool is_candidate(std::span<const NameToken> tokens, std::size_t at) {
  const NameToken& token = tokens[at];
  if (is_capital(token.form)) return true;
  if (is_number(token.form) || token.form == TokenForm::Coded)
    return (at > 0 && tokens[at - 1].form <= TokenForm::Mixed) ||
           (at + 1 < tokens.size() && tokens[at + 1].form <= TokenForm::Mixed);
  return token.form == TokenForm::Lower && (token.lists & kNamesOfLists) != 0;
}

}  // namespace

void mark_lists(std::span<NameToken> tokens, const NameLists& lists) {
  for (NameToken& token : tokens)
    token.lists = token.form <= TokenForm::Mixed ? lists.find(token.hash) : 0;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if ((tokens[i].lists & kBeginsLonger) == 0) continue;
    const std::uint32_t two = name_hash_pair(tokens[i].hash, tokens[i + 1].hash);
    std::uint8_t found = lists.find(two);
    std::size_t length = (found & kNamesOfLists) != 0 ? 2 : 0;
    std::uint8_t bits = found & kNamesOfLists;
    if ((found & kBeginsLonger) != 0 && i + 2 < tokens.size()) {
      found = lists.find(name_hash_pair(two, tokens[i + 2].hash)) & kNamesOfLists;
      if (found != 0) {
        length = 3;
        bits = found;
      }
    }
    for (std::size_t k = 0; k < length; ++k)
      tokens[i + k].lists = static_cast<std::uint8_t>(tokens[i + k].lists | bits);
  }
}

void make_view(std::span<const NameToken> tokens, NameView& view) {
  const std::size_t count = tokens.size();
  view.words.resize(count);
  view.kinds.resize(count);
  view.left.assign(count, kEdge);
  view.right.assign(count, kEdge);
  view.worth.assign(count, false);
  std::size_t telling = count;
  for (std::size_t i = 0; i < count; ++i) {
    view.words[i] = word_of(tokens[i]);
    view.kinds[i] = kind_of(tokens[i]);
    if (telling != count && i - telling <= kReachLeft) view.left[i] = view.words[telling];
    if (is_telling_word(tokens[i])) telling = i;
    if (is_candidate(tokens, i))
      for (std::size_t k = i < 2 ? 0 : i - 2; k < std::min(count, i + 3); ++k) view.worth[k] = true;
  }
  telling = count;
  for (std::size_t i = count; i-- > 0;) {
    if (telling != count && telling - i <= kReachRight) view.right[i] = view.words[telling];
    if (is_telling_word(tokens[i])) telling = i;
  }
  for (std::size_t i = 0; i < count; ++i)
    if (tokens[i].form == TokenForm::Foreign || tokens[i].form == TokenForm::Address)
      view.worth[i] = false;
}

NameFeatures name_features(std::span<const NameToken> tokens, const NameView& view,
                           std::size_t at) {
  const auto near = [&](const std::vector<std::uint32_t>& of, std::ptrdiff_t by) {
    const auto place = static_cast<std::ptrdiff_t>(at) + by;
    return place < 0 || place >= static_cast<std::ptrdiff_t>(of.size())
               ? kEdge
               : of[static_cast<std::size_t>(place)];
  };
  const std::uint32_t w0 = view.words[at];
  const std::uint32_t k0 = view.kinds[at];
  const std::uint32_t wl = near(view.words, -1);
  const std::uint32_t wr = near(view.words, 1);
  const std::uint32_t wll = near(view.words, -2);
  const std::uint32_t wrr = near(view.words, 2);
  const std::uint32_t kl = near(view.kinds, -1);
  const std::uint32_t kr = near(view.kinds, 1);
  const std::uint32_t kll = near(view.kinds, -2);
  const std::uint32_t krr = near(view.kinds, 2);
  const auto form = static_cast<std::uint32_t>(tokens[at].form);
  const std::uint32_t touch = tokens[at].touches_before ? 0x80000000u : 0u;
  return {mix(1, k0 & 0xFF00u),
          mix(2, w0),
          mix(3, k0),
          mix(4, tokens[at].suffix, form),
          mix(5, wl),
          mix(6, wr),
          mix(7, wll),
          mix(8, wrr),
          mix(9, kl ^ touch),
          mix(10, kr),
          mix(11, kl, k0),
          mix(12, k0, kr),
          mix(13, mix(kl, k0), kr),
          mix(14, wl, k0),
          mix(15, k0, wr),
          mix(16, wl, w0),
          mix(17, w0, wr),
          mix(18, mix(wll, wl), k0),
          mix(19, mix(k0, wr), wrr),
          mix(20, mix(kll, kl), k0),
          mix(21, mix(k0, kr), krr),
          mix(22, view.left[at], k0),
          mix(23, view.right[at], k0),
          mix(24, mix(wll, kl), k0),
          mix(25, mix(kll, wl), k0),
          mix(26, mix(k0, kr), wrr),
          mix(27, mix(view.left[at], kl), k0),
          mix(28, near(view.kinds, -3), mix(kll, form))};
}

}  // namespace croft::privacy

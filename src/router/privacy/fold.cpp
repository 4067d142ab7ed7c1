#include "router/privacy/fold.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "router/privacy/characters.h"
#include "text/utf8.h"

namespace croft::privacy {
namespace {

constexpr int kKeep = -1;
constexpr int kDrop = -2;

// The zero of each script's decimal digits, in order (Unicode, general category Nd); those of the
// mathematical alphabets are one range of five sets.
constexpr std::array<char32_t, 31> kZeros = {
    0x660,  0x6F0,  0x7C0,  0x966,  0x9E6,  0xA66,  0xAE6,  0xB66,  0xBE6,  0xC66,  0xCE6,
    0xD66,  0xDE6,  0xE50,  0xED0,  0xF20,  0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0,
    0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xFF10};

int fold_digit(char32_t c) {
  if (c >= 0x1D7CE && c <= 0x1D7FF) return '0' + static_cast<int>((c - 0x1D7CE) % 10);
  const auto next = std::ranges::upper_bound(kZeros, c);
  if (next == kZeros.begin() || c - *std::prev(next) > 9) return kKeep;
  return '0' + static_cast<int>(c - *std::prev(next));
}

bool shows_nothing(char32_t c) {
  return c == 0xAD || c == 0x34F || c == 0x61C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0x20E3 ||
         (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || c == 0xE0001 || c == 0xE007F;
}

/// The ASCII character that `c` looks like, kKeep or kDrop.
int fold(char32_t c) {
  if (shows_nothing(c)) return kDrop;
  if (c >= 0xFF01 && c <= 0xFF5E) return static_cast<int>(c - 0xFF01 + '!');
  if (c >= 0xE0020 && c <= 0xE007E) return static_cast<int>(c - 0xE0000);  // invisible twins
  if (c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F ||
      c == 0x3000)
    return ' ';
  if (c == 0x2028 || c == 0x2029) return '\n';
  if ((c >= 0x2010 && c <= 0x2015) || c == 0x2043 || c == 0x2212 || c == 0xFE58 || c == 0xFE63)
    return '-';
  if (c == 0x2024 || c == 0x3002 || c == 0xFE52 || c == 0xFF61) return '.';
  if (c == 0x2044 || c == 0x2215) return '/';
  if (c == 0xFE6B) return '@';
  if (c == 0xFE55) return ':';
  if (c >= 0x1D400 && c <= 0x1D433) {  // mathematical bold letters
    const auto place = static_cast<int>(c - 0x1D400);
    return place < 26 ? 'A' + place : 'a' + place - 26;
  }
  return fold_digit(c);
}

/// Where ASCII ends. Eight bytes a step: most text is ASCII all the way.
std::size_t skip_ascii(std::string_view text, std::size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  while (at < text.size() && !is(text[at], kHigh)) ++at;
  return at;
}

}  // namespace

void FoldedText::assign(std::string_view text) {
  original_ = text;
  view_ = text;
  pieces_.clear();
  copy_.clear();
  std::size_t copied = 0;  // original bytes that are in copy_ already, or left out
  for (std::size_t at = skip_ascii(text, 0); at < text.size();) {
    const utf8::Step step = utf8::decode(text, at);
    const int folded = step.valid ? fold(step.value) : kKeep;
    if (folded != kKeep) {
      if (copied < at || pieces_.empty()) {
        pieces_.push_back({copy_.size(), copied, 0});
        copy_.append(text.substr(copied, at - copied));
      }
      if (folded != kDrop) {
        pieces_.push_back({copy_.size(), at, step.length});
        copy_ += static_cast<char>(folded);
      }
      copied = at + step.length;
    }
    at += step.length;
    if (at < text.size() && !is(text[at], kHigh)) at = skip_ascii(text, at);
  }
  if (pieces_.empty()) return;
  if (copied < text.size()) {
    pieces_.push_back({copy_.size(), copied, 0});
    copy_.append(text.substr(copied));
  }
  view_ = copy_;
}

const FoldedText::Piece& FoldedText::piece_of(std::size_t folded) const {
  // An empty piece (a text that begins with a folded character) shares its place with the next.
  return *std::prev(std::ranges::upper_bound(pieces_, folded, {}, &Piece::folded));
}

std::size_t FoldedText::original_begin(std::size_t folded) const {
  if (pieces_.empty()) return folded;
  const Piece& piece = piece_of(folded);
  return piece.width != 0 ? piece.original : piece.original + (folded - piece.folded);
}

std::size_t FoldedText::original_end(std::size_t folded) const {
  if (pieces_.empty()) return folded + 1;
  const Piece& piece = piece_of(folded);
  return piece.width != 0 ? piece.original + piece.width
                          : piece.original + (folded - piece.folded) + 1;
}

}  // namespace croft::privacy

#include "router/gates/intent_features.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace croft {
namespace {

enum class Byte : std::uint8_t { Separator, Word, Dropped };

constexpr std::array<Byte, 256> classes = [] {
  std::array<Byte, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    table[c] = letter || c >= 0x80 ? Byte::Word : c == '\'' ? Byte::Dropped : Byte::Separator;
  }
  return table;
}();

constexpr std::array<char, 256> lower = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c)
    table[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return table;
}();

/// Lower case of a letter of two bytes, in place: Latin-1, Greek, Cyrillic. Other letters keep
/// their case, which costs accuracy for them and nothing else.
void lower_two_bytes(char* letter) {
  const auto first = static_cast<unsigned char>(letter[0]);
  const auto second = static_cast<unsigned char>(letter[1]);
  const auto set = [letter](unsigned a, unsigned b) {
    letter[0] = static_cast<char>(a);
    letter[1] = static_cast<char>(b);
  };
  if (first == 0xC3 && second >= 0x80 && second <= 0x9E && second != 0x97) {
    set(first, second + 0x20u);
  } else if (first == 0xCE && second >= 0x91 && second <= 0x9F) {
    set(first, second + 0x20u);
  } else if (first == 0xCE && second >= 0xA0 && second <= 0xA9) {
    set(0xCF, second - 0x20u);
  } else if (first == 0xD0 && second >= 0x90 && second <= 0x9F) {
    set(first, second + 0x20u);
  } else if (first == 0xD0 && second >= 0xA0 && second <= 0xAF) {
    set(0xD1, second - 0x20u);
  } else if (first == 0xD0 && second == 0x81) {
    set(0xD1, 0x91);
  }
}

/// Spreads `value` over all 64 bits; two rounds, because the bucket is taken from the upper bits.
constexpr std::uint64_t mix(std::uint64_t value) {
  value *= 0x9E3779B97F4A7C15u;
  value ^= value >> 32;
  value *= 0xD6E8FEB86659FD93u;
  return value;
}

std::uint64_t load8(const char* bytes) {
  std::uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

constexpr std::uint64_t low_bytes(std::size_t count) {
  return count >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * count)) - 1;
}

std::uint64_t word_hash(const char* bytes, std::size_t size) {
  std::uint64_t hash = size;
  for (; size > 8; bytes += 8, size -= 8) hash = mix(hash ^ load8(bytes)) >> 7;
  return mix(hash ^ (load8(bytes) & low_bytes(size)));
}

constexpr std::uint64_t word_kind = std::uint64_t{0x57} << 56;
constexpr std::uint64_t pair_kind = std::uint64_t{0x32} << 56;
/// What stands in a pair with the first word, and with the last.
constexpr std::uint64_t text_begin = 0x5BF03635;
constexpr std::uint64_t text_end = 0x2545F491;

}  // namespace

std::size_t IntentFeatureSettings::features_max() const {
  // One space before, between and after the two parts. Every second byte can begin a word, and a
  // word is one feature alone and one with its neighbour.
  const std::size_t bytes = std::size_t{head_bytes} + tail_bytes + 3;
  return bytes * (gram_max - gram_min + 1) + (bytes / 2 + 1) * 2 + 1;
}

void IntentFeatureBuffer::begin_word() {
  if (text_[size_ - 1] != ' ') text_[size_++] = ' ';
}

void IntentFeatureBuffer::append_words(std::string_view part) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto c = static_cast<unsigned char>(part[i]);
    if (c == 0xE2 && i + 2 < part.size() && static_cast<unsigned char>(part[i + 1]) == 0x80) {
      // General punctuation: U+2019 is how telephones write an apostrophe.
      if (static_cast<unsigned char>(part[i + 2]) != 0x99) begin_word();
      i += 2;
      continue;
    }
    switch (classes[c]) {
      case Byte::Word:
        text_[size_++] = lower[c];
        if (c < 0xC0 && c >= 0x80 && text_[size_ - 2] != ' ') lower_two_bytes(&text_[size_ - 2]);
        break;
      case Byte::Separator:
        begin_word();
        break;
      case Byte::Dropped:
        break;
    }
  }
  begin_word();
}

std::span<const std::uint32_t> IntentFeatureBuffer::hash(std::string_view text,
                                                         const IntentFeatureSettings& settings) {
  const std::size_t read_max = std::size_t{settings.head_bytes} + settings.tail_bytes;
  // Loads take 8 bytes from any position.
  if (text_.size() < read_max + 3 + 8) text_.resize(read_max + 3 + 8);
  if (buckets_.size() < settings.features_max()) buckets_.resize(settings.features_max());
  text_[0] = ' ';
  size_ = 1;
  if (text.size() <= read_max) {
    append_words(text);
  } else {
    append_words(text.substr(0, settings.head_bytes));
    append_words(text.substr(text.size() - settings.tail_bytes));
  }
  std::memset(&text_[size_], 0, 8);
  if (size_ == 1) return {};  // not one word

  const unsigned shift = 64 - settings.bucket_bits;
  const char* const begin = text_.data();
  std::uint32_t* out = buckets_.data();
  std::uint64_t previous = text_begin;
  for (std::size_t i = 1; i < size_;) {
    const auto* const end = static_cast<const char*>(std::memchr(begin + i, ' ', size_ - i));
    const std::uint64_t word = word_hash(begin + i, static_cast<std::size_t>(end - begin) - i);
    *out++ = static_cast<std::uint32_t>(mix(word ^ word_kind) >> shift);
    *out++ = static_cast<std::uint32_t>(mix((previous * 3) ^ word ^ pair_kind) >> shift);
    previous = word;
    i = static_cast<std::size_t>(end - begin) + 1;
  }
  *out++ = static_cast<std::uint32_t>(mix((previous * 3) ^ text_end ^ pair_kind) >> shift);
  for (std::size_t n = settings.gram_min; n <= settings.gram_max; ++n) {
    const std::uint64_t mask = low_bytes(n);
    const std::uint64_t kind = std::uint64_t{n} << 56;
    for (std::size_t i = 0; i + n <= size_; ++i)
      *out++ = static_cast<std::uint32_t>(mix((load8(begin + i) & mask) | kind) >> shift);
  }
  return {buckets_.data(), static_cast<std::size_t>(out - buckets_.data())};
}

}  // namespace croft

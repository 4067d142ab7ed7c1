#pragma once
/// Hashed features of a text for intent models: words, pairs of words that follow each other, and
/// runs of 2 to 5 bytes, each hashed to a bucket. Nothing is a dictionary: any language, any typing
/// error and any bytes give features.
///
/// The text is read as words of ASCII letters, digits and bytes from 0x80 on, in lower case (ASCII,
/// Latin-1, Greek, Cyrillic), apostrophes dropped, joined by one space, with a space at both ends;
/// runs of bytes cross those spaces, which are what says where words begin.
///
/// Bound: of a longer text only the first `head_bytes` and the last `tail_bytes` are read, so a
/// prompt of any length gives at most features_max() features. People say what they want at the
/// beginning or at the end; what they paste lies between.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace croft {

struct IntentFeatureSettings {
  std::uint32_t bucket_bits = 20;  ///< 2^bits buckets; 12 to 24
  std::uint32_t head_bytes = 256;
  std::uint32_t tail_bytes = 128;
  std::uint32_t gram_min = 2;  ///< bytes of the shortest run; 1 to 7
  std::uint32_t gram_max = 5;  ///< bytes of the longest run; gram_min to 7

  [[nodiscard]] std::size_t buckets_count() const { return std::size_t{1} << bucket_bits; }
  [[nodiscard]] std::size_t features_max() const;

  bool operator==(const IntentFeatureSettings&) const = default;
};

/// Memory that is reused from text to text. Not for several threads at once.
class IntentFeatureBuffer {
 public:
  /// The buckets of `text`, one for each occurrence, in a fixed order; valid until the next call.
  /// No allocation after the first call with these settings.
  std::span<const std::uint32_t> hash(std::string_view text, const IntentFeatureSettings& settings);

 private:
  void append_words(std::string_view part);
  void begin_word();

  std::vector<char> text_;  ///< normalised, then 8 zero bytes
  std::size_t size_ = 0;
  std::vector<std::uint32_t> buckets_;
};

}  // namespace croft

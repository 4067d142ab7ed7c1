#pragma once
/// One score for each label, worked on together: two vectors of eight, which every processor of 64
/// bits has. (gcc takes wider ones apart into single numbers where the processor lacks them.)
///
/// Threads: values.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "router/privacy/names/name_labels.h"

namespace croft::privacy {

using ScoreRow = std::array<std::int16_t, name_labels_padded>;

class LabelScores {
 public:
  /// All the same.
  explicit LabelScores(std::int16_t score) : low_(Half{} + score), high_(Half{} + score) {}
  explicit LabelScores(const ScoreRow& row) {
    std::memcpy(&low_, row.data(), sizeof low_);
    std::memcpy(&high_, row.data() + 8, sizeof high_);
  }
  void store(ScoreRow& row) const {
    std::memcpy(row.data(), &low_, sizeof low_);
    std::memcpy(row.data() + 8, &high_, sizeof high_);
  }

  void add(const LabelScores& other) {
    low_ += other.low_;
    high_ += other.high_;
  }
  void add(std::int16_t score) {
    low_ += score;
    high_ += score;
  }
  void add(const std::array<std::int8_t, name_labels_padded>& weights) {
    static_assert(std::endian::native == std::endian::little);
    Bytes bytes;
    std::memcpy(&bytes, weights.data(), sizeof bytes);
    // Each byte becomes the upper one of two, and shifting it down keeps its sign.
    low_ += (Half)__builtin_shufflevector(Bytes{}, bytes, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                          6, 22, 7, 23) >>
            8;
    high_ += (Half)__builtin_shufflevector(Bytes{}, bytes, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13,
                                           29, 14, 30, 15, 31) >>
             8;
  }

  /// Where `other` is larger, takes its score, and notes `from` in `source`.
  void take_larger(const LabelScores& other, std::int16_t from, LabelScores& source) {
    take_larger(low_, other.low_, from, source.low_);
    take_larger(high_, other.high_, from, source.high_);
  }
  void at_least(std::int16_t score) {
    low_ = larger(low_, Half{} + score);
    high_ = larger(high_, Half{} + score);
  }
  [[nodiscard]] std::int16_t highest() const {
    Half scores = larger(low_, high_);
    scores = larger(scores, __builtin_shufflevector(scores, scores, 4, 5, 6, 7, 0, 1, 2, 3));
    scores = larger(scores, __builtin_shufflevector(scores, scores, 2, 3, 0, 1, 6, 7, 4, 5));
    scores = larger(scores, __builtin_shufflevector(scores, scores, 1, 0, 3, 2, 5, 4, 7, 6));
    return scores[0];
  }

 private:
  using Half = std::int16_t __attribute__((vector_size(16)));
  using Bytes = std::int8_t __attribute__((vector_size(16)));
  static_assert(name_labels_padded == 16);

  static Half larger(Half a, Half b) { return a > b ? a : b; }
  static void take_larger(Half& score, Half other, std::int16_t from, Half& source) {
    const Half better = other > score;
    score = larger(other, score);
    source = (better & (Half{} + from)) | (~better & source);
  }

  Half low_;
  Half high_;
};

}  // namespace croft::privacy

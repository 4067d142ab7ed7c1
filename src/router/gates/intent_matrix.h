#pragma once
/// Texts as sparse vectors, as training sees them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "router/gates/intent_features.h"
#include "router/gates/intent_rows.h"

namespace croft {

/// Buckets of every text with how often each occurs; made once, whatever is trained on it.
struct IntentCounts {
  struct Entry {
    std::uint32_t bucket;
    std::uint32_t count;
  };
  std::vector<std::size_t> begins;  ///< of each text in `entries`, and the end of the last
  std::vector<Entry> entries;

  [[nodiscard]] std::span<const Entry> of(std::size_t text) const {
    return std::span(entries).subspan(begins[text], begins[text + 1] - begins[text]);
  }
};

/// Errors: TooLarge beyond 128 million entries.
Result<IntentCounts> count_features(std::span<const IntentRow> rows,
                                    const IntentFeatureSettings& settings);

/// Buckets that get weights, with their idf = √(1 + ln((texts + 1) / (texts with it + 1))).
struct IntentVocabulary {
  std::vector<std::uint32_t> buckets;  ///< strictly ascending
  std::vector<float> idfs;
  float idf_unseen = 1.0f;
};

struct VocabularyLimits {
  std::size_t texts_min = 1;  ///< a bucket must occur in this many texts
  std::size_t buckets_max = 0;
};

/// Of `texts`; where too many buckets qualify, those of most texts, and of those with as many the
/// lowest.
IntentVocabulary build_vocabulary(const IntentCounts& counts, std::span<const std::size_t> texts,
                                  const IntentFeatureSettings& settings,
                                  const VocabularyLimits& limits);

/// Vectors of length 1 (or 0, for a text without a known bucket).
struct IntentMatrix {
  struct Entry {
    std::uint32_t column;
    float value;
  };
  std::vector<std::size_t> begins;
  std::vector<Entry> entries;
  std::size_t columns_count = 0;

  [[nodiscard]] std::size_t rows_count() const { return begins.size() - 1; }
  [[nodiscard]] std::span<const Entry> row(std::size_t i) const {
    return std::span(entries).subspan(begins[i], begins[i + 1] - begins[i]);
  }
};

IntentMatrix build_matrix(const IntentCounts& counts, std::span<const std::size_t> texts,
                          const IntentVocabulary& vocabulary,
                          const IntentFeatureSettings& settings);

}  // namespace croft

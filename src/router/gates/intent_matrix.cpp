#include "router/gates/intent_matrix.h"

#include <algorithm>
#include <cmath>

#include "router/gates/bucket_index.h"
#include "router/gates/intent_model.h"

namespace croft {
namespace {
constexpr std::size_t entries_max = 128'000'000;  // 1 GiB
}

Result<IntentCounts> count_features(std::span<const IntentRow> rows,
                                    const IntentFeatureSettings& settings) {
  IntentCounts counts;
  counts.begins.push_back(0);
  IntentFeatureBuffer buffer;
  std::vector<std::uint32_t> sorted;
  for (const IntentRow& row : rows) {
    const auto buckets = buffer.hash(row.text, settings);
    sorted.assign(buckets.begin(), buckets.end());
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < sorted.size();) {
      std::size_t end = i;
      while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
      counts.entries.push_back({sorted[i], static_cast<std::uint32_t>(end - i)});
      i = end;
    }
    if (counts.entries.size() > entries_max)
      return fail(ErrorCode::TooLarge,
                  "the texts have more than " + std::to_string(entries_max) + " features",
                  "Train on a sample of the rows");
    counts.begins.push_back(counts.entries.size());
  }
  return counts;
}

IntentVocabulary build_vocabulary(const IntentCounts& counts, std::span<const std::size_t> texts,
                                  const IntentFeatureSettings& settings,
                                  const VocabularyLimits& limits) {
  std::vector<std::uint32_t> texts_with(settings.buckets_count());
  for (const std::size_t text : texts)
    for (const auto& entry : counts.of(text)) ++texts_with[entry.bucket];
  IntentVocabulary vocabulary;
  for (std::uint32_t bucket = 0; bucket < texts_with.size(); ++bucket)
    if (texts_with[bucket] >= std::max<std::size_t>(limits.texts_min, 1))
      vocabulary.buckets.push_back(bucket);
  if (vocabulary.buckets.size() > limits.buckets_max) {
    std::ranges::sort(vocabulary.buckets, [&](std::uint32_t a, std::uint32_t b) {
      return texts_with[a] != texts_with[b] ? texts_with[a] > texts_with[b] : a < b;
    });
    vocabulary.buckets.resize(limits.buckets_max);
    std::ranges::sort(vocabulary.buckets);
  }
  // The root, because the plain formula overrates what is rare: 93.4 instead of 93.2 % on
  // CLINC150's validation rows, 90.0 instead of 89.8 % on a fifth of Banking77's training rows.
  const auto idf = [&](std::size_t with) {
    return std::sqrt(1.0f +
                     std::log(static_cast<float>(texts.size() + 1) / static_cast<float>(with + 1)));
  };
  vocabulary.idfs.reserve(vocabulary.buckets.size());
  for (const std::uint32_t bucket : vocabulary.buckets)
    vocabulary.idfs.push_back(idf(texts_with[bucket]));
  vocabulary.idf_unseen = idf(0);
  return vocabulary;
}

IntentMatrix build_matrix(const IntentCounts& counts, std::span<const std::size_t> texts,
                          const IntentVocabulary& vocabulary,
                          const IntentFeatureSettings& settings) {
  const BucketIndex index(vocabulary.buckets, settings.buckets_count());
  IntentMatrix matrix;
  matrix.columns_count = vocabulary.buckets.size();
  matrix.begins.push_back(0);
  for (const std::size_t text : texts) {
    float squares = 0.0f;
    for (const auto& entry : counts.of(text)) {
      const std::uint32_t column = index.row(entry.bucket);
      if (column == index.absent()) continue;
      const float value = intent_count_weight(entry.count) * vocabulary.idfs[column];
      squares += value * value;
      matrix.entries.push_back({column, value});
    }
    const float factor = squares > 0.0f ? 1.0f / std::sqrt(squares) : 0.0f;
    for (std::size_t i = matrix.begins.back(); i < matrix.entries.size(); ++i)
      matrix.entries[i].value *= factor;
    matrix.begins.push_back(matrix.entries.size());
  }
  return matrix;
}

}  // namespace croft

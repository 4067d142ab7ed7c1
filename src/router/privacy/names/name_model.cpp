#include "router/privacy/names/name_model.h"

#include <algorithm>

#include "base/check.h"
#include "router/privacy/names/label_scores.h"

namespace croft::privacy {
namespace {

// Sums of int16 cannot overflow: a token's own score is within 28 · 127 + 1000, the best sum so far
// is brought back to 0 at every token, and no sum is left below kFloor.
constexpr std::int16_t kNever = -16000;
constexpr std::int16_t kFloor = -12000;
constexpr std::int16_t kUnset = kNever + kFloor - 1;
static_assert(kUnset - 28 * 127 - 1000 > -32768);
static_assert(name_features_count == 28);

}  // namespace

NameModel::NameModel(NameModelData data)
    : lists_(std::move(data.list_slots)),
      shift_(32 - data.bucket_bits),
      rows_(std::size_t{1} << data.bucket_bits),
      outside_penalty_(data.outside_penalty),
      report_(std::move(data.report)) {
  CHECK(data.weights.size() == rows_.size() * name_labels_count);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    rows_[row] = {};
    std::copy_n(data.weights.begin() + static_cast<std::ptrdiff_t>(row * name_labels_count),
                name_labels_count, rows_[row].begin());
  }
  for (std::size_t before = 0; before < name_labels_padded; ++before)
    for (std::size_t label = 0; label < name_labels_padded; ++label) {
      const bool is_label = before < name_labels_count && label < name_labels_count;
      const bool may =
          is_label && may_follow(static_cast<NameLabel>(before), static_cast<NameLabel>(label));
      transitions_[before][label] =
          may ? data.transitions[before * name_labels_count + label] : kNever;
    }
}

void NameModel::score(std::span<const NameToken> tokens, NameScratch& scratch) const {
  scratch.emissions.resize(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    ScoreRow& sum = scratch.emissions[i];
    if (!scratch.view.worth[i]) {
      sum.fill(kFloor);
      sum[kOutside] = 0;
      continue;
    }
    LabelScores labels(0);
    for (const std::uint32_t feature : name_features(tokens, scratch.view, i))
      labels.add(rows_[feature * 0x9E3779B1u >> shift_]);
    labels.store(sum);
    sum[kOutside] = static_cast<std::int16_t>(sum[kOutside] - outside_penalty_);
  }
}

void NameModel::best_sequence(std::size_t count, NameScratch& scratch) const {
  scratch.before.resize(count);
  scratch.labels.resize(count);
  ScoreRow best;
  const auto begin_anew = [&] {
    best.fill(kFloor);
    best[kOutside] = 0;
  };
  begin_anew();
  bool is_new = true;  // nothing but outside goes before
  for (std::size_t i = 0; i < count; ++i) {
    if (!scratch.view.worth[i]) {
      // Outside, whatever was before.
      std::size_t from = kOutside;
      for (std::size_t before = 1; !is_new && before < name_labels_count; ++before)
        if (best[before] + transitions_[before][kOutside] >
            best[from] + transitions_[from][kOutside])
          from = before;
      scratch.before[i][kOutside] = static_cast<std::int16_t>(from);  // no other is asked for
      if (!is_new) begin_anew();
      is_new = true;
      continue;
    }
    is_new = false;
    LabelScores next(kUnset);
    LabelScores from(0);
    for (std::size_t before = 0; before < name_labels_count; ++before) {
      if (best[before] <= kFloor) continue;  // out of reach
      LabelScores candidate(transitions_[before]);
      candidate.add(best[before]);
      next.take_larger(candidate, static_cast<std::int16_t>(before), from);
    }
    next.add(LabelScores(scratch.emissions[i]));
    from.store(scratch.before[i]);
    const std::int16_t highest = next.highest();
    // Far apart they could differ by more than an int16 holds; what is that far behind never wins.
    next.at_least(static_cast<std::int16_t>(std::max(highest + kFloor, -32768)));
    next.add(static_cast<std::int16_t>(-highest));
    next.store(best);
  }
  NameLabel label = kOutside;
  for (std::size_t i = 1; i < name_labels_count; ++i)
    if (best[i] > best[label]) label = static_cast<NameLabel>(i);
  for (std::size_t i = count; i-- > 0;) {
    scratch.labels[i] = label;
    label = static_cast<NameLabel>(scratch.before[i][label]);
  }
}

void NameModel::label(std::span<const NameToken> tokens, NameScratch& scratch) const {
  score(tokens, scratch);
  best_sequence(tokens.size(), scratch);
}

std::size_t NameModel::find(std::string_view text, std::size_t start, NameScratch& scratch,
                            std::vector<NameSpan>& found) const {
  scratch.tokens.clear();
  const std::size_t end = read_name_tokens(text, start, tokens_at_once, scratch.tokens);
  mark_lists(scratch.tokens, lists_);
  make_view(scratch.tokens, scratch.view);
  if (std::ranges::find(scratch.view.worth, true) == scratch.view.worth.end()) return end;
  label(scratch.tokens, scratch);
  const std::size_t before = found.size();
  append_spans(scratch.tokens, scratch.labels, found);
  // The tokens are in order, so one walk finds each span's.
  std::size_t token = 0;
  for (std::size_t i = before; i < found.size(); ++i) {
    int ahead = 0;
    int tokens = 0;
    for (; token < scratch.tokens.size() && scratch.tokens[token].start < found[i].end; ++token)
      if (scratch.labels[token] != kOutside && scratch.tokens[token].start >= found[i].start) {
        ahead +=
            scratch.emissions[token][scratch.labels[token]] - scratch.emissions[token][kOutside];
        ++tokens;
      }
    const float mean = static_cast<float>(ahead) / static_cast<float>(std::max(tokens, 1));
    found[i].score = std::clamp(0.5f + mean / 1000.0f, 0.5f, 0.9f);
  }
  return end;
}

}  // namespace croft::privacy

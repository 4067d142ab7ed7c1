#include "router/confidence/frontier.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace croft {
namespace {

/// Rows in order of score; equal scores share a group number.
struct SortedRows {
  std::vector<double> weak, strong;
  std::vector<std::size_t> group;
  [[nodiscard]] std::size_t size() const { return weak.size(); }
};

/// One sample's summary; `count[i]` says how often row i is in it.
struct Summary {
  std::vector<double> quality;  ///< at each point's share
  double area = 0.0;
  std::optional<double> auc;
  std::optional<double> share_for_target;
};

/// Corners of the piecewise linear curve of quality over rows escalated, one per group.
struct Corner {
  double escalated;
  double quality;
};

Result<void> check(std::span<const double> scores, std::span<const double> weak,
                   std::span<const double> strong, const FrontierOptions& options) {
  const auto wrong = [](const char* why) {
    return fail(ErrorCode::InvalidArgument, std::string("a frontier needs ") + why);
  };
  if (scores.empty()) return wrong("rows");
  if (weak.size() != scores.size() || strong.size() != scores.size())
    return wrong("as many outcomes as scores");
  if (options.points < 2) return wrong("at least 2 points");
  if (!(options.confidence > 0.0 && options.confidence < 1.0))
    return wrong("a confidence between 0 and 1");
  for (const double score : scores)
    if (!std::isfinite(score)) return wrong("finite scores");
  for (const auto& outcomes : {weak, strong})
    for (const double value : outcomes)
      if (!(value >= 0.0 && value <= 1.0)) return wrong("outcomes from 0 to 1");
  return {};
}

SortedRows sort_rows(std::span<const double> scores, std::span<const double> weak,
                     std::span<const double> strong) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return scores[a] != scores[b] ? scores[a] < scores[b] : a < b;
  });
  SortedRows rows;
  for (std::size_t i = 0; i < order.size(); ++i) {
    rows.weak.push_back(weak[order[i]]);
    rows.strong.push_back(strong[order[i]]);
    const bool starts = i == 0 || scores[order[i]] != scores[order[i - 1]];
    rows.group.push_back(i == 0 ? 0 : rows.group.back() + (starts ? 1 : 0));
  }
  return rows;
}

std::optional<double> least_share(std::span<const Corner> corners, double wanted) {
  if (corners.front().quality >= wanted) return 0.0;
  for (std::size_t i = 1; i < corners.size(); ++i) {
    const Corner &low = corners[i - 1], &high = corners[i];
    if (high.quality < wanted) continue;
    return low.escalated +
           (high.escalated - low.escalated) * (wanted - low.quality) / (high.quality - low.quality);
  }
  return std::nullopt;
}

/// Quality at evenly spaced shares, and the area below the curve.
void sample_curve(std::span<const Corner> corners, std::size_t points, Summary& out) {
  std::size_t at = 1;
  for (std::size_t p = 0; p < points; ++p) {
    const double share = static_cast<double>(p) / static_cast<double>(points - 1);
    while (at + 1 < corners.size() && corners[at].escalated < share) ++at;
    const Corner &low = corners[at - 1], &high = corners[at];
    const double part = (share - low.escalated) / (high.escalated - low.escalated);
    out.quality.push_back(low.quality + std::clamp(part, 0.0, 1.0) * (high.quality - low.quality));
  }
  for (std::size_t i = 1; i < corners.size(); ++i)
    out.area += 0.5 * (corners[i].quality + corners[i - 1].quality) *
                (corners[i].escalated - corners[i - 1].escalated);
}

Summary summarise(const SortedRows& rows, std::span<const std::uint32_t> count,
                  const FrontierOptions& options) {
  double all = 0.0, weak = 0.0, strong = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    all += count[i];
    weak += count[i] * rows.weak[i];
    strong += count[i] * rows.strong[i];
  }
  Summary out;
  std::vector<Corner> corners = {{0.0, weak / all}};
  double escalated = 0.0, quality = weak, bad_below = 0.0, pairs = 0.0;
  for (std::size_t i = 0; i < rows.size();) {
    double here = 0.0, good = 0.0;
    const std::size_t group = rows.group[i];
    for (; i < rows.size() && rows.group[i] == group; ++i) {
      here += count[i];
      good += count[i] * rows.weak[i];
      quality += count[i] * (rows.strong[i] - rows.weak[i]);
    }
    if (here == 0.0) continue;
    pairs += good * (bad_below + 0.5 * (here - good));
    bad_below += here - good;
    escalated += here;
    corners.push_back({escalated / all, quality / all});
  }
  const double good_all = weak;
  if (good_all > 0.0 && bad_below > 0.0) out.auc = pairs / (good_all * bad_below);
  // A hair below: sums in another order must not miss the target at the very end.
  out.share_for_target = least_share(corners, options.target * strong / all - 1e-12);
  sample_curve(corners, options.points, out);
  return out;
}

/// Uniform over [0, count), to a bias of count / 2^64. The generator's numbers are the same on
/// every machine; those of std::uniform_int_distribution are not.
std::size_t below(std::size_t count, std::mt19937_64& random) {
  return static_cast<std::size_t>((static_cast<__uint128_t>(random()) * count) >> 64);
}

/// The middle `confidence` of the values, which are reordered.
ShareInterval middle_of(std::vector<double>& values, double confidence) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(
        std::lround(share * static_cast<double>(values.size() - 1)))];
  };
  const double tail = 0.5 * (1.0 - confidence);
  return {at(tail), at(1.0 - tail)};
}

/// Intervals from `samples`; a figure that some resamples do not have counts as 1, its worst.
void fill_intervals(const std::vector<Summary>& samples, double confidence, Frontier& out) {
  std::vector<double> values(samples.size());
  const auto interval = [&](auto value_of) {
    std::ranges::transform(samples, values.begin(), value_of);
    return middle_of(values, confidence);
  };
  for (std::size_t p = 0; p < out.curve.size(); ++p)
    out.curve[p].interval = interval([p](const Summary& one) { return one.quality[p]; });
  out.area_interval = interval([](const Summary& one) { return one.area; });
  if (out.auc)
    out.auc_interval = interval([](const Summary& one) { return one.auc.value_or(1.0); });
  if (out.share_for_target)
    out.share_interval =
        interval([](const Summary& one) { return one.share_for_target.value_or(1.0); });
}

}  // namespace

Result<Frontier> frontier(std::span<const double> scores, std::span<const double> weak_ok,
                          std::span<const double> strong_ok, const FrontierOptions& options) {
  TRY(check(scores, weak_ok, strong_ok, options));
  const SortedRows rows = sort_rows(scores, weak_ok, strong_ok);
  std::vector<std::uint32_t> count(rows.size(), 1);
  const Summary whole = summarise(rows, count, options);
  Frontier out;
  out.rows = rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.oracle += std::max(rows.weak[i], rows.strong[i]) / static_cast<double>(rows.size());
  out.weak = whole.quality.front();
  out.strong = whole.quality.back();
  out.auc = whole.auc;
  out.area = whole.area;
  out.share_for_target = whole.share_for_target;
  for (std::size_t p = 0; p < options.points; ++p)
    out.curve.push_back({static_cast<double>(p) / static_cast<double>(options.points - 1),
                         whole.quality[p],
                         {whole.quality[p], whole.quality[p]}});
  std::vector<Summary> samples;
  std::mt19937_64 random(options.seed);
  for (std::size_t s = 0; s < options.resamples; ++s) {
    std::ranges::fill(count, 0U);
    for (std::size_t i = 0; i < rows.size(); ++i) ++count[below(rows.size(), random)];
    samples.push_back(summarise(rows, count, options));
  }
  if (samples.empty()) samples.push_back(whole);
  fill_intervals(samples, options.confidence, out);
  return out;
}

}  // namespace croft

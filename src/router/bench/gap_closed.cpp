#include "router/bench/gap_closed.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <vector>

namespace croft {
namespace {

/// Rows of one router from the first escalated to the last; `ends` are where runs of equal scores
/// end.
struct Order {
  std::vector<std::uint32_t> rows;
  std::vector<std::size_t> ends;
};

Order order_by(std::span<const double> scores) {
  Order out;
  out.rows.resize(scores.size());
  std::iota(out.rows.begin(), out.rows.end(), 0U);
  std::sort(out.rows.begin(), out.rows.end(), [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] != scores[b] ? scores[a] < scores[b] : a < b;
  });
  for (std::size_t i = 1; i <= scores.size(); ++i)
    if (i == scores.size() || scores[out.rows[i]] != scores[out.rows[i - 1]]) out.ends.push_back(i);
  return out;
}

/// Figures of one router on one resample; shares and qualities are of the resample's rows.
struct CurveFigures {
  double area = 0.0;
  double at_budget = 0.0;
  double share_for_target = 1.0;
};

struct Outcomes {
  std::span<const double> weak, strong;
  std::span<const std::uint32_t> counts;
};

struct Totals {
  double rows = 0.0, weak = 0.0, strong = 0.0, only_strong = 0.0;
};

Totals totals_of(const Outcomes& on) {
  Totals out;
  for (std::size_t i = 0; i < on.counts.size(); ++i) {
    const double n = on.counts[i];
    out.rows += n;
    out.weak += n * on.weak[i];
    out.strong += n * on.strong[i];
    out.only_strong += n * std::max(on.strong[i] - on.weak[i], 0.0);
  }
  return out;
}

CurveFigures figures_of(const Order& order, const Outcomes& on, const Totals& all, double target) {
  // A hair below: sums in another order must not miss the target at the very end.
  const double wanted = target * all.strong - 1e-9;
  CurveFigures out;
  out.at_budget = all.strong;
  double escalated = 0.0, quality = all.weak;
  bool has_target = quality >= wanted, has_budget = false;
  if (has_target) out.share_for_target = 0.0;
  std::size_t i = 0;
  for (const std::size_t end : order.ends) {
    double here = 0.0, gain = 0.0;
    for (; i < end; ++i) {
      const std::uint32_t row = order.rows[i];
      here += on.counts[row];
      gain += on.counts[row] * (on.strong[row] - on.weak[row]);
    }
    if (here == 0.0) continue;
    if (!has_target && quality + gain >= wanted) {
      out.share_for_target = (escalated + here * (wanted - quality) / gain) / all.rows;
      has_target = true;
    }
    if (!has_budget && escalated + here >= all.only_strong) {
      out.at_budget = quality + gain * (all.only_strong - escalated) / here;
      has_budget = true;
    }
    out.area += here * (quality + 0.5 * gain);
    escalated += here;
    quality += gain;
  }
  out.area /= all.rows * all.rows;
  out.at_budget /= all.rows;
  return out;
}

/// Where the gap is nothing but rounding there is none.
std::optional<double> part(double won, double gap) {
  if (gap < 1e-9) return std::nullopt;
  return won / gap;
}

struct Parts {
  std::optional<double> area, budget, escalation;
};

}  // namespace

Result<GapClosed> gap_closed(std::span<const double> prompt_scores,
                             std::span<const double> other_scores, std::span<const double> weak,
                             std::span<const double> strong, const GapOptions& options) {
  const std::size_t rows = weak.size();
  if (rows == 0 || strong.size() != rows || prompt_scores.size() != rows ||
      other_scores.size() != rows)
    return fail(ErrorCode::InvalidArgument, "a gap needs rows, and as many scores as outcomes");
  std::vector<double> best(rows);
  for (std::size_t i = 0; i < rows; ++i) best[i] = weak[i] - strong[i];
  const std::array orders = {order_by(prompt_scores), order_by(other_scores), order_by(best)};
  const auto parts_of = [&](std::span<const std::uint32_t> counts) {
    const Outcomes on{weak, strong, counts};
    const Totals all = totals_of(on);
    std::array<CurveFigures, 3> at;
    for (std::size_t k = 0; k < at.size(); ++k)
      at[k] = figures_of(orders[k], on, all, options.target);
    const auto& [prompt, other, oracle] = at;
    return Parts{part(other.area - prompt.area, oracle.area - prompt.area),
                 part(other.at_budget - prompt.at_budget, oracle.at_budget - prompt.at_budget),
                 part(prompt.share_for_target - other.share_for_target,
                      prompt.share_for_target - oracle.share_for_target)};
  };
  std::vector<std::uint32_t> counts(rows, 1);
  const Parts whole = parts_of(counts);
  GapClosed out;
  const Totals all = totals_of({weak, strong, counts});
  out.budget = all.only_strong / all.rows;
  std::vector<std::optional<double>> area, budget, escalation;
  std::mt19937_64 random(options.seed);
  for (std::size_t r = 0; r < options.resamples; ++r) {
    draw_resample(random, counts);
    const Parts one = parts_of(counts);
    area.push_back(one.area);
    budget.push_back(one.budget);
    escalation.push_back(one.escalation);
  }
  out.by_area = percentile_estimate(whole.area, area, options.confidence);
  out.at_budget = percentile_estimate(whole.budget, budget, options.confidence);
  out.by_escalation = percentile_estimate(whole.escalation, escalation, options.confidence);
  return out;
}

}  // namespace croft

#include "router/confidence/held_out.h"

#include <algorithm>
#include <cmath>

#include "router/confidence/rank_auc.h"

namespace croft {
namespace {

constexpr std::size_t bin_count = 10;

/// Fills bins, ECE, Brier score and AUC from the answers that have a score.
void measure_scores(std::span<const ScoredAnswer> answers, const HeldOutOptions& options,
                    HeldOut& out) {
  const auto point = static_cast<std::size_t>(options.decide_at);
  out.bins.resize(bin_count);
  for (std::size_t i = 0; i < bin_count; ++i) {
    out.bins[i].low = static_cast<double>(i) / static_cast<double>(bin_count);
    out.bins[i].high = static_cast<double>(i + 1) / static_cast<double>(bin_count);
  }
  std::vector<double> scores, good;
  for (const ScoredAnswer& answer : answers) {
    const double score = answer.scores.at[point];
    if (!(score >= 0.0)) continue;
    scores.push_back(score);
    good.push_back(1.0 - answer.loss);
    const auto index = static_cast<std::size_t>(score * static_cast<double>(bin_count));
    ReliabilityBin& bin = out.bins[std::min(index, bin_count - 1)];
    ++bin.count;
    bin.score_mean += score;
    bin.acceptable_mean += good.back();
    out.brier += (score - good.back()) * (score - good.back());
  }
  const double count = std::max(1.0, static_cast<double>(scores.size()));
  out.brier /= count;
  out.auc = rank_auc(scores, good);
  for (ReliabilityBin& bin : out.bins) {
    bin.interval =
        mean_loss_interval(options.kind, bin.acceptable_mean, bin.count, options.confidence);
    if (bin.count == 0) continue;
    const double in_bin = static_cast<double>(bin.count);
    bin.score_mean /= in_bin;
    bin.acceptable_mean /= in_bin;
    out.ece += in_bin / count * std::abs(bin.score_mean - bin.acceptable_mean);
  }
}

}  // namespace

HeldOut measure_held_out(const ServingRule& rule, std::span<const ScoredAnswer> answers,
                         const HeldOutOptions& options) {
  HeldOut out;
  const ServedLosses seen = apply_rule(rule, answers);
  const double rows = std::max(1.0, static_cast<double>(seen.rows));
  out.rows = seen.rows;
  out.served = seen.served;
  out.risk = seen.risk();
  out.risk_interval =
      mean_loss_interval(options.kind, seen.loss_sum, seen.served, options.confidence);
  out.traffic_risk = seen.traffic_risk();
  out.coverage = static_cast<double>(seen.served) / rows;
  out.escalation = static_cast<double>(seen.rows - seen.served) / rows;
  out.escalation_interval = clopper_pearson(seen.rows - seen.served, seen.rows, options.confidence);
  double cost = 0.0, cost_served = 0.0;
  for (const ScoredAnswer& answer : answers) {
    out.local_risk += answer.loss / rows;
    cost += answer.cost;
    const std::size_t gone_at = rule.escalated_at(answer.scores);
    if (gone_at < decision_point_count)
      out.escalated_at[gone_at] += 1.0 / rows;
    else
      cost_served += answer.cost;
  }
  if (options.has_costs && cost > 0.0) out.saved = cost_served / cost;
  measure_scores(answers, options, out);
  return out;
}

}  // namespace croft

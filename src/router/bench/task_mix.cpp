#include "router/bench/task_mix.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

namespace croft {
namespace {

struct MixRow {
  std::uint32_t task = 0;
  std::uint32_t row = 0;
  std::uint32_t fold = 0;
  double staying = 0.0, weak = 0.0, strong = 0.0, cloud_cost = 0.0, local_cost = 0.0;
};

/// Sums over requests, by weight.
struct Sums {
  double all = 0.0, local = 0.0, quality = 0.0, cloud_quality = 0.0, cost = 0.0, cloud_cost = 0.0;
};

std::optional<double> ratio(double part, double whole) {
  if (!(whole > 0.0)) return std::nullopt;
  return part / whole;
}

Result<void> check(std::span<const MixTask> tasks, std::span<const double> weights) {
  const auto wrong = [](std::string why) {
    return fail(ErrorCode::InvalidArgument, "a mix needs " + std::move(why));
  };
  if (tasks.size() != weights.size()) return wrong("one weight a task");
  double sum = 0.0;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const MixTask& task = tasks[t];
    if (!(weights[t] >= 0.0) || !std::isfinite(weights[t])) return wrong("weights from 0 up");
    sum += weights[t];
    const std::size_t rows = task.weak.size();
    if (rows == 0) return wrong("rows of the task " + task.name);
    if (task.strong.size() != rows || task.staying.size() != rows || task.folds.size() != rows ||
        task.cloud_cost.size() != rows || task.local_cost.size() != rows)
      return wrong("as many scores and costs as outcomes");
  }
  if (!(sum > 0.0)) return wrong("a task with weight");
  return {};
}

class Mix {
 public:
  Mix(std::span<const MixTask> tasks, std::span<const double> weights, const MixOptions& options)
      : tasks_(tasks), weights_(weights), options_(options) {
    for (std::uint32_t t = 0; t < tasks.size(); ++t) {
      counts_.emplace_back(tasks[t].weak.size(), 1);
      if (weights[t] == 0.0) continue;
      const MixTask& task = tasks[t];
      for (std::uint32_t i = 0; i < task.weak.size(); ++i)
        rows_.push_back({t, i, task.folds[i], task.staying[i], task.weak[i], task.strong[i],
                         task.cloud_cost[i], task.local_cost[i]});
    }
    std::sort(rows_.begin(), rows_.end(), [](const MixRow& a, const MixRow& b) {
      if (a.staying != b.staying) return a.staying < b.staying;
      return a.task != b.task ? a.task < b.task : a.row < b.row;
    });
  }

  void draw(std::mt19937_64& random) {
    for (auto& counts : counts_) draw_resample(random, counts);
  }

  [[nodiscard]] Sums route() const {
    Sums out;
    for (std::uint32_t fold = 0; fold < options_.folds; ++fold) {
      const double threshold = threshold_without(fold);
      for (const MixRow& row : rows_) {
        if (row.fold != fold) continue;
        const double weight = weight_of(row);
        const bool local = row.staying >= threshold;
        out.all += weight;
        out.local += local ? weight : 0.0;
        out.quality += weight * (local ? row.weak : row.strong);
        out.cloud_quality += weight * row.strong;
        out.cost += weight * (row.local_cost + (local ? 0.0 : row.cloud_cost));
        out.cloud_cost += weight * row.cloud_cost;
      }
    }
    return out;
  }

 private:
  [[nodiscard]] double weight_of(const MixRow& row) const {
    return weights_[row.task] * counts_[row.task][row.row] /
           static_cast<double>(tasks_[row.task].weak.size());
  }

  /// Least score that stays local: rows are escalated from the lowest on, equal ones together,
  /// until what the cloud gets right is kept on the rows outside `fold`.
  [[nodiscard]] double threshold_without(std::uint32_t fold) const {
    double quality = 0.0, wanted = 0.0;
    for (const MixRow& row : rows_) {
      if (row.fold == fold) continue;
      quality += weight_of(row) * row.weak;
      wanted += weight_of(row) * row.strong;
    }
    wanted = wanted * (1.0 - options_.max_loss) - 1e-12;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const bool starts = i == 0 || rows_[i].staying != rows_[i - 1].staying;
      if (starts && quality >= wanted) return rows_[i].staying;
      if (rows_[i].fold == fold) continue;
      quality += weight_of(rows_[i]) * (rows_[i].strong - rows_[i].weak);
    }
    return std::numeric_limits<double>::infinity();
  }

  std::span<const MixTask> tasks_;
  std::span<const double> weights_;
  const MixOptions& options_;
  std::vector<std::vector<std::uint32_t>> counts_;
  std::vector<MixRow> rows_;
};

std::array<std::optional<double>, 3> figures_of(const Sums& sums) {
  const auto spent = ratio(sums.cost, sums.cloud_cost);
  return {ratio(sums.local, sums.all), ratio(sums.quality, sums.cloud_quality),
          spent ? std::optional(1.0 - *spent) : std::nullopt};
}

void fill_grid(std::vector<double>& weights, std::size_t task, std::size_t left, std::size_t steps,
               std::vector<std::vector<double>>& out) {
  const auto share = [&](std::size_t part) {
    return static_cast<double>(part) / static_cast<double>(steps);
  };
  if (task + 1 == weights.size()) {
    weights[task] = share(left);
    out.push_back(weights);
    return;
  }
  for (std::size_t part = 0; part <= left; ++part) {
    weights[task] = share(part);
    fill_grid(weights, task + 1, left - part, steps, out);
  }
}

}  // namespace

Result<MixFigures> mix_figures(std::span<const MixTask> tasks, std::span<const double> weights,
                               const MixOptions& options) {
  TRY(check(tasks, weights));
  Mix mix(tasks, weights, options);
  const auto whole = figures_of(mix.route());
  std::array<std::vector<std::optional<double>>, 3> resampled;
  std::mt19937_64 random(options.seed);
  for (std::size_t r = 0; r < options.resamples; ++r) {
    mix.draw(random);
    const auto one = figures_of(mix.route());
    for (std::size_t k = 0; k < one.size(); ++k) resampled[k].push_back(one[k]);
  }
  const auto estimate = [&](std::size_t k) {
    return percentile_estimate(whole[k], resampled[k], options.confidence);
  };
  return MixFigures{.local = estimate(0), .kept = estimate(1), .saved = estimate(2)};
}

std::vector<std::vector<double>> mix_grid(std::size_t tasks, std::size_t steps) {
  std::vector<std::vector<double>> out;
  if (tasks == 0 || steps == 0) return out;
  std::vector<double> weights(tasks);
  fill_grid(weights, 0, steps, steps, out);
  return out;
}

}  // namespace croft

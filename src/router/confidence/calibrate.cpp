#include "router/confidence/calibrate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "io/digest.h"
#include "io/quote_foreign.h"
#include "router/confidence/threshold_search.h"

namespace croft {
namespace {

/// Rows that a point needs to have a model of its own; with fewer it has no say.
constexpr std::size_t point_rows_min = 50;

using RowList = std::vector<const LabelledAnswer*>;

struct Parts {
  RowList fit;    ///< the models
  RowList curve;  ///< the isotonic curves; empty without
  RowList calibrate;
  RowList test;
};

/// [0, 1), from the id and the seed alone.
double place_of(const LabelledAnswer& row, std::uint64_t seed) {
  const std::string key = std::to_string(seed) + "\n" + row.id;
  return static_cast<double>(xxh3_64(std::as_bytes(std::span(key))) >> 11) * 0x1.0p-53;
}

Parts split_rows(const LabelledAnswers& data, const CalibrationOptions& options) {
  std::vector<std::pair<double, const LabelledAnswer*>> placed;
  for (const LabelledAnswer& row : data.rows)
    if (options.task.empty() || row.task == options.task)
      placed.emplace_back(place_of(row, options.seed), &row);
  // The order of the file must not matter, not even for the last digit of a sum.
  std::sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->id < b.second->id;
  });
  // A third of the fit part makes the curve, if there is one.
  const double curve_begin = options.fit_share * (options.isotonic ? 2.0 / 3.0 : 1.0);
  Parts parts;
  for (const auto& [place, row] : placed) {
    if (place < curve_begin)
      parts.fit.push_back(row);
    else if (place < options.fit_share)
      parts.curve.push_back(row);
    else if (place < options.fit_share + options.calibrate_share)
      parts.calibrate.push_back(row);
    else
      parts.test.push_back(row);
  }
  return parts;
}

std::unexpected<Error> unproven(const std::string& why, std::string hint) {
  return fail(ErrorCode::Unproven, "insufficient evidence: " + why, std::move(hint));
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g %%", 100.0 * share);
  return text;
}

Result<void> check_options(const CalibrationOptions& options) {
  const auto inside = [](double value) { return value > 0.0 && value < 1.0; };
  const auto wrong = [](const char* what) {
    return fail(ErrorCode::InvalidArgument, what, "See croft route calibrate --help.");
  };
  if (!inside(options.max_worse)) return wrong("--max-worse must lie between 0 and 100 %");
  if (!inside(options.confidence)) return wrong("--confidence must lie between 0 and 100 %");
  if (!inside(options.fit_share) || !inside(options.calibrate_share) ||
      options.fit_share + options.calibrate_share > 1.0)
    return wrong("the shares of fit and calibrate must leave something for the test");
  if (!(options.early_loss >= 0.0 && options.early_loss < 1.0))
    return wrong("--early-loss must lie between 0 and 100 %");
  if (!(options.penalty > 0.0)) return wrong("--penalty must be above 0");
  return {};
}

Result<void> check_rows(const LabelledAnswers& data, const CalibrationOptions& options) {
  std::size_t rows = 0;
  for (const LabelledAnswer& row : data.rows) {
    if (!options.task.empty() && row.task != options.task) continue;
    ++rows;
    if (!row.features[static_cast<std::size_t>(options.decide_at)])
      return fail(ErrorCode::InvalidArgument,
                  "row " + quote_foreign(row.id) + " has no features at the point \"" +
                      std::string(decision_point_text(options.decide_at)) +
                      "\", where it is decided",
                  "Record them for every row, or decide at another point (--decide-at).");
  }
  if (rows == 0)
    return fail(ErrorCode::InvalidArgument, "no row has the task " + quote_foreign(options.task),
                "Leave out --task to use all rows.");
  return {};
}

/// Rows that a proof takes at best: all served, none with a loss.
std::int64_t rows_at_least(const CalibrationOptions& options) {
  if (options.method == CalibrationMethod::ConformalRiskControl)
    return static_cast<std::int64_t>(std::ceil(1.0 / options.max_worse - 1.0 - 1e-9));
  return rows_without_loss_needed(options.max_worse, 1.0 - options.confidence);
}

std::string in_all(std::int64_t calibrate_rows, const CalibrationOptions& options) {
  return std::to_string(static_cast<std::int64_t>(
      std::ceil(static_cast<double>(calibrate_rows) / options.calibrate_share)));
}

Result<void> check_amount(const Parts& parts, const CalibrationOptions& options) {
  const std::int64_t needed = rows_at_least(options);
  const auto have = static_cast<std::int64_t>(parts.calibrate.size());
  if (have >= needed) return {};
  return unproven("the calibration part has " + std::to_string(have) + " rows",
                  "Even if every one were served without a fault, " + std::to_string(needed) +
                      " would be needed for at most " + percent(options.max_worse) +
                      " worse; label at least " + in_all(needed, options) + " rows in all.");
}

struct PointRows {
  std::vector<ConfidenceFeatures> features;
  std::vector<double> targets;
};

PointRows rows_at(const RowList& rows, std::size_t point) {
  PointRows out;
  for (const LabelledAnswer* row : rows) {
    if (!row->features[point]) continue;
    out.features.push_back(*row->features[point]);
    out.targets.push_back(1.0 - row->loss);
  }
  return out;
}

Result<ConfidenceModel> train_point(const Parts& parts, std::size_t point,
                                    const CalibrationOptions& options) {
  const PointRows fit = rows_at(parts.fit, point);
  const ConfidenceModel model = TRY(train_confidence(
      fit.features, fit.targets, {.penalty = options.penalty, .features = options.features}));
  if (!options.isotonic) return model;
  const PointRows curve = rows_at(parts.curve, point);
  return with_isotonic(model, curve.features, curve.targets);
}

Result<void> train_points(const Parts& parts, const CalibrationOptions& options, Calibration& out) {
  const auto decide = static_cast<std::size_t>(options.decide_at);
  for (std::size_t point = 0; point <= decide; ++point) {
    // An earlier point only saves time: without enough evidence it has no say.
    if (point < decide && rows_at(parts.fit, point).features.size() < point_rows_min) continue;
    auto model = train_point(parts, point, options);
    if (model)
      out.models[point] = std::move(*model);
    else if (point == decide || model.error().code != ErrorCode::Unproven)
      return std::unexpected(std::move(model).error());
  }
  return {};
}

std::vector<ScoredAnswer> score_rows(const RowList& rows, const Calibration& calibration) {
  std::vector<ScoredAnswer> out;
  out.reserve(rows.size());
  for (const LabelledAnswer* row : rows) {
    ScoredAnswer answer;
    answer.loss = row->loss;
    answer.cost = row->cost;
    for (std::size_t point = 0; point < decision_point_count; ++point)
      if (calibration.models[point] && row->features[point])
        answer.scores.at[point] = calibration.models[point]
                                      ->score(*row->features[point])
                                      .value_or(AnswerScores::unscorable);
    out.push_back(answer);
  }
  return out;
}

std::vector<ServingRule> ladder_of(std::span<const ScoredAnswer> judged_on,
                                   const CalibrationOptions& options) {
  std::vector<AnswerScores> scores;
  scores.reserve(judged_on.size());
  for (const ScoredAnswer& answer : judged_on) scores.push_back(answer.scores);
  return serving_ladder(scores, {.decide_at = options.decide_at, .early_loss = options.early_loss});
}

Result<void> check_spread(std::span<const ScoredAnswer> answers, DecisionPoint point) {
  double low = 2.0, high = -2.0;
  for (const ScoredAnswer& answer : answers) {
    const double score = answer.scores.at[static_cast<std::size_t>(point)];
    if (score < 0.0) continue;  // not to be judged
    low = std::min(low, score);
    high = std::max(high, score);
  }
  if (high - low > 1e-6) return {};
  return unproven("the score is the same for every answer, so it tells none from another",
                  "Record features that differ between good and bad answers.");
}

std::unexpected<Error> not_found(const SearchResult& found, const CalibrationOptions& options,
                                 LossKind kind) {
  const ServedLosses& at = found.at;
  char losses[32];
  std::snprintf(losses, sizeof losses, "%.4g", at.loss_sum);
  std::string why = "no threshold keeps the promise of at most " + percent(options.max_worse) +
                    " worse; the best one served " + std::to_string(at.served) + " of " +
                    std::to_string(at.rows) + " rows with " + losses + " losses";
  if (options.method == CalibrationMethod::ConformalRiskControl)
    return unproven(why, "Give more rows, better features, or a higher --max-worse.");
  const double delta = 1.0 - options.confidence;
  const auto needed = rows_needed(kind, at.risk(), options.max_worse, delta);
  if (at.served == 0 || !needed)
    return unproven(why, "More rows of this kind will not help: " + percent(at.risk()) +
                             " is no better than what is allowed. Record better features, or "
                             "allow more with --max-worse.");
  const double share = static_cast<double>(at.served) / static_cast<double>(at.rows);
  const auto rows = static_cast<std::int64_t>(std::ceil(static_cast<double>(*needed) / share));
  return unproven(why, "At that rate " + std::to_string(*needed) +
                           " served rows would be needed, about " + in_all(rows, options) +
                           " rows in all.");
}

Calibration describe(const LabelledAnswers& data, const CalibrationOptions& options) {
  Calibration out;
  out.method = options.method;
  out.max_worse = options.max_worse;
  out.confidence = options.confidence;
  out.kind = data.kind;
  out.against_cloud = data.against_cloud;
  out.decide_at = options.decide_at;
  out.early_tokens = data.early_tokens.value_or(0);
  out.task = options.task;
  out.model_digest = data.model_digest;
  out.template_hash = data.template_hash;
  out.data_digest = data.digest;
  out.seed = options.seed;
  return out;
}

}  // namespace

Result<Calibration> calibrate(const LabelledAnswers& data, const CalibrationOptions& options) {
  TRY(check_options(options));
  TRY(check_rows(data, options));
  const Parts parts = split_rows(data, options);
  TRY(check_amount(parts, options));
  Calibration out = describe(data, options);
  out.rows = {.fit = static_cast<std::int64_t>(parts.fit.size() + parts.curve.size()),
              .calibrate = static_cast<std::int64_t>(parts.calibrate.size()),
              .test = static_cast<std::int64_t>(parts.test.size())};
  TRY(train_points(parts, options, out));

  // The ladder and the place to begin come from the fit part alone: the test needs them fixed.
  RowList judged = parts.fit;
  judged.insert(judged.end(), parts.curve.begin(), parts.curve.end());
  const std::vector<ScoredAnswer> judged_on = score_rows(judged, out);
  const std::vector<ScoredAnswer> answers = score_rows(parts.calibrate, out);
  TRY(check_spread(answers, options.decide_at));
  const std::vector<ServingRule> ladder = ladder_of(judged_on, options);
  if (ladder.empty())
    return unproven("the model can judge none of the rows", "Record the features of every row.");
  const Promise promise{options.max_worse, 1.0 - options.confidence, data.kind};
  const SearchResult found =
      options.method == CalibrationMethod::ConformalRiskControl
          ? conformal_risk_control(ladder, answers, promise)
          : learn_then_test(ladder, promising_start(ladder, judged_on, out.rows.calibrate, promise),
                            answers, promise);
  if (!found.chosen) return not_found(found, options, data.kind);
  out.rule = ladder[*found.chosen];
  out.proof_served = found.at.served;
  out.proof_loss_sum = found.at.loss_sum;
  out.proof_p_value = options.method == CalibrationMethod::LearnThenTest ? found.p_value : 0.0;
  out.held_out = measure_held_out(out.rule, score_rows(parts.test, out),
                                  {.decide_at = options.decide_at,
                                   .kind = data.kind,
                                   .confidence = options.confidence,
                                   .has_costs = data.has_costs});
  return out;
}

}  // namespace croft

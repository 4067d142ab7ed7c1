#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "base/check.h"
#include "router/confidence/confidence_model.h"
#include "router/confidence/logistic_fit.h"

namespace croft {
namespace {

constexpr std::size_t rows_min = 20;
constexpr std::size_t rows_with_feature_min = 10;

std::unexpected<Error> too_few(std::size_t rows, std::string_view what) {
  return fail(ErrorCode::Unproven,
              "insufficient evidence: " + std::to_string(rows) + " rows to " + std::string(what) +
                  ", at least " + std::to_string(rows_min) + " are needed",
              "Label more answers.");
}

double value_of(const ConfidenceFeatures& row, ConfidenceFeature feature) {
  return traits(feature).counted ? std::log1p(row[feature]) : row[feature];
}

/// Mean and standard deviation of the rows that have the feature; nullopt where it tells nothing.
std::optional<ConfidenceTerm> standardised(std::span<const ConfidenceFeatures> rows,
                                           ConfidenceFeature feature) {
  double sum = 0.0, squares = 0.0;
  std::size_t count = 0;
  for (const ConfidenceFeatures& row : rows) {
    const double value = value_of(row, feature);
    if (std::isnan(value)) continue;
    ++count;
    const double before = sum / static_cast<double>(std::max<std::size_t>(count - 1, 1));
    sum += value;
    squares += (value - before) * (value - sum / static_cast<double>(count));
  }
  if (count < rows_with_feature_min) return std::nullopt;
  ConfidenceTerm term;
  term.feature = feature;
  term.mean = nine_digits(sum / static_cast<double>(count));
  const double deviation = std::sqrt(std::max(0.0, squares) / static_cast<double>(count));
  if (!(deviation > 1e-9 * std::max(1.0, std::abs(term.mean)))) return std::nullopt;
  term.scale = nine_digits(deviation);
  if (count < rows.size()) term.missing_weight = 0.0;
  return term;
}

std::vector<ConfidenceTerm> usable_terms(std::span<const ConfidenceFeatures> rows,
                                         const ConfidenceTraining& training) {
  std::vector<ConfidenceTerm> terms;
  for (std::size_t i = 0; i < confidence_feature_count; ++i) {
    const auto feature = static_cast<ConfidenceFeature>(i);
    const bool wanted =
        training.features.empty() || std::ranges::count(training.features, feature) > 0;
    if (!wanted) continue;
    if (const auto term = standardised(rows, feature)) terms.push_back(*term);
  }
  return terms;
}

}  // namespace

double nine_digits(double value) {
  if (!std::isfinite(value)) return value;
  std::array<char, 32> text{};  // to_chars and from_chars know no locale
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 9)
          .ptr;
  double rounded = 0.0;
  std::from_chars(text.data(), end, rounded);
  return rounded;
}

Result<ConfidenceModel> train_confidence(std::span<const ConfidenceFeatures> rows,
                                         std::span<const double> targets,
                                         const ConfidenceTraining& training) {
  CHECK(rows.size() == targets.size());
  if (rows.size() < rows_min) return too_few(rows.size(), "learn from");
  std::vector<ConfidenceTerm> terms = usable_terms(rows, training);
  if (terms.empty())
    return fail(ErrorCode::Unproven,
                "insufficient evidence: no feature differs from row to row, so the score would be "
                "the same for every answer",
                "Record features of the answers: log-probabilities say most.");
  std::vector<double> matrix;
  std::size_t columns = terms.size();
  for (const ConfidenceTerm& term : terms) columns += term.missing_weight ? 1 : 0;
  matrix.reserve(rows.size() * columns);
  for (const ConfidenceFeatures& row : rows)
    for (const ConfidenceTerm& term : terms) {
      const double value = value_of(row, term.feature);
      matrix.push_back(std::isnan(value) ? 0.0 : (value - term.mean) / term.scale);
      if (term.missing_weight) matrix.push_back(std::isnan(value) ? 1.0 : 0.0);
    }
  const LogisticFit fit = TRY(fit_logistic(matrix, columns, targets, training.penalty));
  std::size_t column = 0;
  for (ConfidenceTerm& term : terms) {
    term.weight = nine_digits(fit.weights[column++]);
    if (term.missing_weight) term.missing_weight = nine_digits(fit.weights[column++]);
  }
  return ConfidenceModel::create(nine_digits(fit.intercept), std::move(terms), {});
}

Result<ConfidenceModel> with_isotonic(const ConfidenceModel& model,
                                      std::span<const ConfidenceFeatures> rows,
                                      std::span<const double> targets) {
  CHECK(rows.size() == targets.size() && model.curve().empty());
  std::vector<double> x, y;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto score = model.score(rows[i]);
    if (!score) continue;
    // Rounded here, so that corners that round to one number are one corner.
    x.push_back(nine_digits(*score));
    y.push_back(targets[i]);
  }
  if (x.size() < rows_min) return too_few(x.size(), "make the isotonic curve of");
  std::vector<CurvePoint> curve = fit_isotonic(x, y);
  for (CurvePoint& point : curve) point.y = std::clamp(nine_digits(point.y), 0.0, 1.0);
  return ConfidenceModel::create(model.intercept(), {model.terms().begin(), model.terms().end()},
                                 std::move(curve));
}

}  // namespace croft

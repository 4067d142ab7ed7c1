#include "router/confidence/answer_signals.h"

#include <algorithm>
#include <cmath>

namespace croft {
namespace {

constexpr double logprob_min = -100.0;

double cut(double logprob) {
  return std::clamp(logprob, logprob_min, 0.0);
}

double plogp(double p) {
  return p > 0.0 ? p * std::log(p) : 0.0;
}

}  // namespace

TokenSignals token_signals(const TokenLogprob& token) {
  TokenSignals signals;
  if (!std::isnan(token.logprob)) signals.logprob = cut(token.logprob);
  double best = -std::numeric_limits<double>::infinity(), second = best;
  double entropy = 0.0, mass = 0.0;
  std::size_t known = 0;
  for (const auto& [id, logprob] : token.top) {
    if (std::isnan(logprob)) continue;
    const double value = cut(logprob);
    if (value > best) {
      second = best;
      best = value;
    } else {
      second = std::max(second, value);
    }
    const double p = std::exp(value);
    entropy -= plogp(p);
    mass += p;
    ++known;
  }
  if (known < 2) return signals;
  signals.margin = best - second;
  // Rounding, and values cut at -100, may make the sum a little more than one.
  signals.entropy = std::max(0.0, entropy - plogp(std::max(0.0, 1.0 - mass)));
  return signals;
}

AnswerSignals::AnswerSignals(const AnswerContext& context, std::size_t tokens_reserved)
    : context_(context) {
  logprobs_.reserve(tokens_reserved);
  margins_.reserve(tokens_reserved);
  token_logprobs_.reserve(tokens_reserved);
  text_ends_.reserve(tokens_reserved);
  scratch_.reserve(tokens_reserved);
}

void AnswerSignals::Series::add(double value) {
  if (std::isnan(value)) return;
  values_.push_back(static_cast<float>(value));
  sum_ += value;
  min_ = std::min(min_, value);
}

void AnswerSignals::preview_first(const TokenSignals& best) {
  if (token_count_ == 0) first_ = best;
}

void AnswerSignals::add(const TokenSignals& token, std::size_t text_bytes) {
  if (token_count_ == 0) first_ = token;
  ++token_count_;
  logprobs_.add(token.logprob);
  margins_.add(token.margin);
  if (!std::isnan(token.entropy)) {
    entropy_sum_ += token.entropy;
    entropy_max_ = std::max(entropy_max_, token.entropy);
    ++entropy_count_;
  }
  token_logprobs_.push_back(static_cast<float>(token.logprob));
  text_ends_.push_back(text_bytes);
}

std::array<double, 4> AnswerSignals::quantiles(std::span<const float> values) {
  constexpr std::array<double, 4> shares = {0.05, 0.10, 0.25, 0.50};
  scratch_.assign(values.begin(), values.end());
  std::array<double, 4> out{};
  auto sorted_until = scratch_.begin();  // ascending shares: each selection leaves less to select
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double place = shares[i] * static_cast<double>(scratch_.size() - 1);
    const auto below = scratch_.begin() + static_cast<std::ptrdiff_t>(place);
    std::nth_element(sorted_until, below, scratch_.end());
    const auto above = std::min_element(below + 1, scratch_.end());
    const double low = *below, high = above == scratch_.end() ? low : *above;
    out[i] = low + (place - std::floor(place)) * (high - low);
    sorted_until = below;
  }
  return out;
}

void AnswerSignals::fill_series(ConfidenceFeatures& out, const Series& series,
                                ConfidenceFeature mean_feature) {
  if (series.empty()) return;
  const auto at = [&](std::size_t offset) -> double& {
    return out[static_cast<ConfidenceFeature>(static_cast<std::size_t>(mean_feature) + offset)];
  };
  at(0) = series.mean();
  at(1) = series.min();
  const auto found = quantiles(series.values());
  for (std::size_t i = 0; i < found.size(); ++i) at(2 + i) = found[i];
}

void AnswerSignals::fill_span(ConfidenceFeatures& out) const {
  double sum = 0.0;
  std::size_t count = 0, begin = 0;
  for (std::size_t i = 0; i < text_ends_.size(); ++i) {
    const std::size_t end = text_ends_[i];
    // Tokens that became text together: each covers all of it.
    if (i > 0 && end > text_ends_[i - 1]) begin = text_ends_[i - 1];
    if (begin >= span_.end || end <= span_.begin || std::isnan(token_logprobs_[i])) continue;
    sum += static_cast<double>(token_logprobs_[i]);
    ++count;
  }
  if (count == 0) return;
  out[ConfidenceFeature::SpanLogprobSum] = sum;
  out[ConfidenceFeature::SpanLogprobMean] = sum / static_cast<double>(count);
}

ConfidenceFeatures AnswerSignals::features() {
  using enum ConfidenceFeature;
  ConfidenceFeatures out;
  out[PromptTokens] = context_.prompt_tokens;
  out[IntentProbability] = context_.intent_probability;
  out[LabelMargin] = context_.label_margin;
  out[SampleAgreement] = context_.sample_agreement;
  out[FirstLogprob] = first_.logprob;
  out[FirstMargin] = first_.margin;
  out[FirstEntropy] = first_.entropy;
  if (token_count_ == 0) return out;
  out[TokenCount] = static_cast<double>(token_count_);
  fill_series(out, logprobs_, LogprobMean);
  fill_series(out, margins_, MarginMean);
  if (entropy_count_ > 0) {
    out[EntropyMean] = entropy_sum_ / static_cast<double>(entropy_count_);
    out[EntropyMax] = entropy_max_;
  }
  if (span_.begin < span_.end) fill_span(out);
  return out;
}

}  // namespace croft

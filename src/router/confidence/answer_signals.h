#pragma once
/// Collects what the engine knows about an answer while it is generated, and makes the named
/// features of it at any moment.

#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "base/text_range.h"
#include "engine/request.h"
#include "router/confidence/confidence_features.h"

namespace croft {

/// What is known about one position, in nats; NaN where it is not.
struct TokenSignals {
  double logprob = std::numeric_limits<double>::quiet_NaN();  ///< of the chosen token
  double margin = std::numeric_limits<double>::quiet_NaN();   ///< best less second alternative
  /// Over the alternatives that are known, what is left counting as one more: a lower bound of the
  /// true entropy.
  double entropy = std::numeric_limits<double>::quiet_NaN();
};

/// From what the engine reports; margin and entropy need at least two alternatives.
/// Log-probabilities are cut to [-100, 0].
[[nodiscard]] TokenSignals token_signals(const TokenLogprob& token);

/// What is known about a request besides its tokens; NaN where it is not.
struct AnswerContext {
  double prompt_tokens = std::numeric_limits<double>::quiet_NaN();
  double intent_probability = std::numeric_limits<double>::quiet_NaN();
  double label_margin = std::numeric_limits<double>::quiet_NaN();
  double sample_agreement = std::numeric_limits<double>::quiet_NaN();
};

/// One answer. add() is O(1) and allocates nothing for the first `tokens_reserved` tokens (after
/// them amortised as a vector does); features() is O(tokens) and allocates nothing. Quantiles are
/// exact, with linear interpolation between neighbours. Not for several threads at once.
class AnswerSignals {
 public:
  explicit AnswerSignals(const AnswerContext& context, std::size_t tokens_reserved = 4096);

  /// The next token. `text_bytes` is the length of the answer's text with it; tokens that became
  /// text together share it.
  void add(const TokenSignals& token, std::size_t text_bytes);
  void add(const TokenLogprob& token, std::size_t text_bytes) {
    add(token_signals(token), text_bytes);
  }

  /// After the prompt the first token's alternatives are known though none is chosen yet: sets the
  /// first_* features until a token is added, with the best alternative for the chosen token.
  void preview_first(const TokenSignals& best);
  /// The bytes of the answer's text that matter (answer_span.h); fills the span_* features.
  void mark_span(ByteRange span) { span_ = span; }
  void set_sample_agreement(double share) { context_.sample_agreement = share; }
  void set_label_margin(double nats) { context_.label_margin = nats; }

  [[nodiscard]] std::size_t token_count() const { return token_count_; }
  /// The features as they stand. Scratch of this object is used: not for several threads at once.
  [[nodiscard]] ConfidenceFeatures features();

 private:
  /// Values of one kind, in order of arrival; NaN is left out.
  class Series {
   public:
    void reserve(std::size_t count) { values_.reserve(count); }
    void add(double value);
    [[nodiscard]] bool empty() const { return values_.empty(); }
    [[nodiscard]] double mean() const { return sum_ / static_cast<double>(values_.size()); }
    [[nodiscard]] double min() const { return min_; }
    [[nodiscard]] std::span<const float> values() const { return values_; }

   private:
    std::vector<float> values_;
    double sum_ = 0.0;
    double min_ = std::numeric_limits<double>::infinity();
  };

  /// Quantiles 0.05, 0.10, 0.25 and 0.50.
  [[nodiscard]] std::array<double, 4> quantiles(std::span<const float> values);
  void fill_series(ConfidenceFeatures& out, const Series& series, ConfidenceFeature mean_feature);
  void fill_span(ConfidenceFeatures& out) const;

  AnswerContext context_;
  TokenSignals first_;
  std::size_t token_count_ = 0;
  Series logprobs_;
  Series margins_;
  double entropy_sum_ = 0.0;
  double entropy_max_ = 0.0;
  std::size_t entropy_count_ = 0;
  /// Per token: its log-probability (NaN: unknown) and where its text ends.
  std::vector<float> token_logprobs_;
  std::vector<std::size_t> text_ends_;
  std::vector<float> scratch_;
  ByteRange span_;
};

}  // namespace croft

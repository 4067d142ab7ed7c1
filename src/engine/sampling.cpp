#include "engine/sampling.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "base/check.h"
#include "kernels/ops.h"

namespace croft {
namespace {

/// A float's bits as an integer in the same order; the compiler makes loops over it vector loops,
/// which it may not do with floats that could be NaN.
std::int32_t ordered(float value) {
  const auto bits = std::bit_cast<std::int32_t>(value);
  return bits ^ (bits >> 31 & 0x7fff'ffff);
}

Result<void> in_range(const char* field, double value, double low, double high) {
  if (value >= low && value <= high) return {};
  const auto text = [](double v) {
    std::string s = std::to_string(v);
    s.erase(s.find_last_not_of('0') + 1);
    if (!s.empty() && s.back() == '.') s.pop_back();
    return s;
  };
  return fail(ErrorCode::InvalidArgument,
              std::string(field) + " is " + text(value) + ", it must lie between " + text(low) +
                  " and " + text(high),
              {}, field);
}

}  // namespace

// Whole runs are compared first: 49,152 logits take 10 µs instead
// of 40.
std::size_t index_of_largest(std::span<const float> logits) {
  constexpr std::size_t run = 512;
  std::size_t best_run = 0;
  std::int32_t best = std::numeric_limits<std::int32_t>::min();
  for (std::size_t begin = 0; begin < logits.size(); begin += run) {
    const std::span<const float> part = logits.subspan(begin, std::min(run, logits.size() - begin));
    std::int32_t largest = std::numeric_limits<std::int32_t>::min();
    for (const float logit : part) largest = std::max(largest, ordered(logit));
    if (largest <= best) continue;
    best = largest;
    best_run = begin;
  }
  std::size_t i = best_run;
  while (i + 1 < logits.size() && ordered(logits[i]) != best) ++i;
  return i;
}

Result<void> validate(const SamplingOptions& o, std::size_t vocabulary_size) {
  TRY(in_range("temperature", static_cast<double>(o.temperature), 0.0, 100.0));
  TRY(in_range("top_k", o.top_k, 0, 1e9));
  TRY(in_range("top_p", static_cast<double>(o.top_p), 0.0, 1.0));
  TRY(in_range("min_p", static_cast<double>(o.min_p), 0.0, 1.0));
  TRY(in_range("repetition_penalty", static_cast<double>(o.repetition_penalty), 0.01, 100.0));
  TRY(in_range("presence_penalty", static_cast<double>(o.presence_penalty), -2.0, 2.0));
  TRY(in_range("frequency_penalty", static_cast<double>(o.frequency_penalty), -2.0, 2.0));
  for (const auto& [id, bias] : o.logit_bias) {
    if (id < 0 || static_cast<std::size_t>(id) >= vocabulary_size)
      return fail(ErrorCode::InvalidArgument,
                  "logit_bias names the token " + std::to_string(id) + "; the vocabulary has " +
                      std::to_string(vocabulary_size),
                  {}, "logit_bias");
    TRY(in_range("logit_bias", static_cast<double>(bias), -100.0, 100.0));
  }
  return {};
}

bool all_finite(std::span<const float> logits) {
  // An exponent of all ones is infinity or NaN. Integer arithmetic without an early end: the
  // compiler makes it a vector loop, tens of microseconds for 262,144 logits.
  constexpr std::uint32_t exponent = 0x7F80'0000;
  std::uint32_t found = 0;
  for (const float logit : logits)
    found |=
        static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(logit) & exponent) == exponent);
  return found == 0;
}

Error not_numbers() {
  return {.code = ErrorCode::Corrupt,
          .message = "the model computed values that are not numbers",
          .hint = "Its weights are damaged; download or convert the model again.",
          .field = {}};
}

Sampler::Sampler(const SamplingOptions& options, std::span<const TokenId> prompt)
    : options_(options), random_(options.seed) {
  if (options_.repetition_penalty != 1.0f)
    for (const TokenId id : prompt) ++seen_[id];
}

void Sampler::apply_penalties(std::span<float> logits) const {
  const auto at = [&](TokenId id) -> float& { return logits[static_cast<std::size_t>(id)]; };
  constexpr float most = std::numeric_limits<float>::max();
  for (const auto& [id, count] : seen_) {
    float& logit = at(id);
    logit =
        logit > 0.0f ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
    logit = std::clamp(logit, -most, most);  // draw() subtracts: infinity minus itself is no number
  }
  if (options_.presence_penalty != 0.0f || options_.frequency_penalty != 0.0f) {
    for (const auto& [id, count] : generated_)
      at(id) -= options_.presence_penalty + options_.frequency_penalty * static_cast<float>(count);
  }
  for (const auto& [id, bias] : options_.logit_bias) at(id) += bias;
}

TokenId Sampler::pick(std::span<float> logits) {
  apply_penalties(logits);
  const TokenId id =
      options_.temperature == 0.0f ? static_cast<TokenId>(index_of_largest(logits)) : draw(logits);
  ++generated_[id];
  if (options_.repetition_penalty != 1.0f) ++seen_[id];
  return id;
}

double Sampler::uniform() {
  // The top 53 bits: standard distributions may differ between libraries, this does not.
  return static_cast<double>(random_() >> 11) * 0x1.0p-53;
}

TokenId Sampler::draw(std::span<const float> logits) {
  weights_.compute(logits, logits[index_of_largest(logits)], options_.temperature);
  if (options_.top_k <= 0 && options_.top_p >= 1.0f && options_.min_p <= 0.0f)
    return static_cast<TokenId>(weights_.at_mass(uniform() * weights_.total()));
  truncate();
  double mass = 0.0;
  for (const Candidate& c : candidates_) mass += static_cast<double>(c.value);
  double left = uniform() * mass;
  for (const Candidate& c : candidates_) {
    left -= static_cast<double>(c.value);
    if (left < 0.0) return c.id;
  }
  // Rounding may leave a sliver: the last candidate that has any probability.
  for (auto c = candidates_.rbegin(); c != candidates_.rend(); ++c)
    if (c->value > 0.0f) return c->id;
  return candidates_.front().id;
}

void Sampler::gather(float bound) {
  candidates_.clear();
  const std::span<const float> values = weights_.values();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] >= bound) candidates_.push_back({values[i], static_cast<TokenId>(i)});
}

void Sampler::truncate() {
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.value != b.value ? a.value > b.value : a.id < b.id;
  };
  const auto mass = [&] {
    double sum = 0.0;
    for (const Candidate& c : candidates_) sum += static_cast<double>(c.value);
    return sum;
  };
  const float least = options_.min_p;  // the largest weight is 1
  double total = weights_.total();
  // What is kept is a few of the best: only those are looked at, and more only where they turn out
  // to be too few.
  if (options_.top_k > 0) {
    gather(weights_.bound_of_best(static_cast<std::size_t>(options_.top_k)));
    if (static_cast<std::size_t>(options_.top_k) < candidates_.size()) {
      const auto keep = candidates_.begin() + options_.top_k;
      std::nth_element(candidates_.begin(), keep - 1, candidates_.end(), better);
      candidates_.erase(keep, candidates_.end());
    }
    total = mass();
  } else if (options_.top_p < 1.0f) {
    constexpr std::size_t first_look = 256;
    gather(std::max(weights_.bound_of_best(first_look), least));
    if (mass() < static_cast<double>(options_.top_p) * total) gather(least);
  } else {
    gather(least);
  }
  if (options_.top_p < 1.0f) {
    std::ranges::sort(candidates_, better);
    const double wanted = static_cast<double>(options_.top_p) * total;
    double sum = 0.0;
    std::size_t kept = 0;
    do sum += static_cast<double>(candidates_[kept++].value);
    while (sum < wanted && kept < candidates_.size());
    candidates_.resize(kept);
  }
  if (least > 0.0f) std::erase_if(candidates_, [&](const Candidate& c) { return c.value < least; });
}

TokenLogprob token_logprob(std::span<const float> logits, TokenId id, std::size_t top) {
  CHECK(id >= 0 && static_cast<std::size_t>(id) < logits.size());
  const double sum = log_sum_exp(logits);
  const auto logprob = [&](TokenId token) {
    return static_cast<float>(static_cast<double>(logits[static_cast<std::size_t>(token)]) - sum);
  };
  TokenLogprob out{id, logprob(id), {}};
  if (top == 0) return out;
  std::vector<TokenId> ids(logits.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<TokenId>(i);
  top = std::min(top, ids.size());
  std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(top),
                            [&](TokenId a, TokenId b) {
                              const float x = logits[static_cast<std::size_t>(a)];
                              const float y = logits[static_cast<std::size_t>(b)];
                              return x != y ? x > y : a < b;
                            });
  for (std::size_t i = 0; i < top; ++i) out.top.emplace_back(ids[i], logprob(ids[i]));
  return out;
}

}  // namespace croft

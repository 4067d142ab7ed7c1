#pragma once
/// Exact statements about a share from a count: the binomial distribution without approximations.

#include <cstdint>

namespace croft {

/// P(X <= k) of a binomial X with n trials of probability p. Exact to about 1e-12.
/// Requires: 0 <= p <= 1. For k < 0 it is 0, for k >= n it is 1.
[[nodiscard]] double binomial_cdf(std::int64_t k, std::int64_t n, double p);

/// Ends of an interval for a probability, both within [0, 1].
struct ShareInterval {
  double low = 0.0;
  double high = 1.0;
};

/// The two-sided interval of Clopper and Pearson: covers the true probability with at least
/// `confidence` whatever it is. With n = 0 it is [0, 1]. Requires: 0 <= k <= n, 0 < confidence < 1.
[[nodiscard]] ShareInterval clopper_pearson(std::int64_t k, std::int64_t n, double confidence);

}  // namespace croft

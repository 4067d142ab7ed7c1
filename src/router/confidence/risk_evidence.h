#pragma once
/// How strongly losses speak against "the mean loss is above alpha", and how many rows that takes.
///
/// Losses lie in [0, 1] and are independent draws. Source: Angelopoulos et al., "Learn then Test",
/// arXiv:2110.01052; Bates et al., arXiv:2101.02703 for the bound of bounded losses.

#include <cstdint>
#include <optional>

#include "router/confidence/binomial.h"

namespace croft {

/// What losses are: decides which test is exact for them.
enum class LossKind : std::uint8_t {
  Binary,  ///< 0 or 1: the exact binomial test
  Bounded  ///< anything in [0, 1]: the test of Hoeffding and Bentkus
};

/// A p-value for "mean loss > alpha" from n losses with this sum: if that is true, the value is at
/// most p with probability at most p. With n = 0 it is 1. Requires: 0 < alpha < 1.
[[nodiscard]] double risk_p_value(LossKind kind, double loss_sum, std::int64_t n, double alpha);

/// Fewest rows without any loss that show "mean loss <= alpha" with confidence 1 - delta: 59 for
/// 5 % and 95 %, 299 for 1 % and 95 %.
[[nodiscard]] std::int64_t rows_without_loss_needed(double alpha, double delta);

/// Fewest rows that show it when their mean loss is `rate`; nullopt where none do: the rate is not
/// below alpha, or over 10 million rows would be needed.
[[nodiscard]] std::optional<std::int64_t> rows_needed(LossKind kind, double rate, double alpha,
                                                      double delta);

/// An interval that covers the mean loss with at least `confidence`: Clopper and Pearson for binary
/// losses, Hoeffding's otherwise.
[[nodiscard]] ShareInterval mean_loss_interval(LossKind kind, double loss_sum, std::int64_t n,
                                               double confidence);

}  // namespace croft

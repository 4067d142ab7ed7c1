#pragma once
/// Context extension recipes: how a scaling description becomes frequency divisors.

#include <cstdint>
#include <vector>

namespace croft {

/// Llama 3.1's recipe. Long wavelengths are divided by `factor`, short ones stay, between them
/// linear.
struct Llama3Scaling {
  double factor = 8.0;
  double low_frequency_factor = 1.0;
  double high_frequency_factor = 4.0;
  double original_context = 8192.0;
};
/// [rotated / 2] divisors of the frequencies theta^(-2i / rotated).
[[nodiscard]] std::vector<float> llama3_divisors(const Llama3Scaling& scaling, double theta,
                                                 std::uint32_t rotated);

/// YaRN (arXiv 2309.00071): low frequencies interpolated, high ones kept, a ramp between.
struct YarnScaling {
  double factor = 1.0;
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  double original_context = 0.0;
  bool truncate = true;  ///< round the ramp's ends to whole dimensions
};
[[nodiscard]] std::vector<float> yarn_divisors(const YarnScaling& scaling, double theta,
                                               std::uint32_t rotated);
/// 0.1 weight ln(factor) + 1, 1 where factor <= 1: what cos and sin are multiplied by.
[[nodiscard]] float yarn_magnitude(double factor, double weight = 1.0);

/// sqrt(1 + ln(factor) / ln(original_context)), 1 where factor <= 1 (longrope).
[[nodiscard]] float longrope_magnitude(double factor, double original_context);

}  // namespace croft

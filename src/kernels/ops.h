#pragma once
/// Row-wise float32 operations of a transformer. Each call handles one row, so a row's result
/// depends neither on the batch nor on threads; an element's result depends neither on its position
/// nor on the row's length.

#include <cstddef>
#include <span>

#include "base/cpu.h"

namespace croft {

/// out = x / sqrt(mean(x²) + epsilon) * weight. An empty weight means 1. out may be x.
/// Requires: equal sizes (weight: equal or empty), not empty.
void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon,
              std::span<float> out, Isa isa);

/// out = (x - mean) / sqrt(variance + epsilon) * weight + bias. An empty bias means 0. out may be
/// x.
void layer_norm(std::span<const float> x, std::span<const float> weight,
                std::span<const float> bias, float epsilon, std::span<float> out, Isa isa);

/// x = exp(x - max) / sum. Minus infinity becomes 0; a row of nothing else becomes all 0.
void softmax(std::span<float> x, Isa isa);

/// out = silu(gate) * up, silu(g) = g / (1 + exp(-g)). out may be gate or up.
void silu_mul(std::span<const float> gate, std::span<const float> up, std::span<float> out,
              Isa isa);

/// out = gelu(gate) * up with the tanh form of gelu. out may be gate or up.
void gelu_tanh_mul(std::span<const float> gate, std::span<const float> up, std::span<float> out,
                   Isa isa);

/// x = silu(x), x = gelu(x) in the tanh form, x = gelu(x) in the exact (erf) form.
void silu(std::span<float> x, Isa isa);
void gelu_tanh(std::span<float> x, Isa isa);
void gelu_erf(std::span<float> x, Isa isa);

/// out = a + b. out may be a or b.
void add(std::span<const float> a, std::span<const float> b, std::span<float> out, Isa isa);

/// x = x * factor.
void scale(std::span<float> x, float factor, Isa isa);

/// x = cap * tanh(x / cap). Requires: cap > 0.
void softcap(std::span<float> x, float cap, Isa isa);

/// Which two elements of a head turn together: (2i, 2i + 1), or (i, i + rotated/2).
enum class RopeStyle : unsigned char { Adjacent, Halves };

/// Rotates the first 2 * cosine.size() elements of every head of one row; the rest of a head stays.
///
/// Shapes:   row [n_heads * head_size]; cosine and sine [rotated / 2] for this row's position.
/// Requires: cosine.size() == sine.size(), 2 * cosine.size() <= head_size, row.size() % head_size
/// == 0.
void rope(std::span<float> row, std::size_t head_size, std::span<const float> cosine,
          std::span<const float> sine, RopeStyle style, Isa isa);

/// Sum of a[i] * b[i]: one 16-lane accumulator along the row, as matmul does it.
[[nodiscard]] float dot(std::span<const float> a, std::span<const float> b, Isa isa);

/// log(sum(exp(x))) in double; minus infinity for an empty row.
[[nodiscard]] double log_sum_exp(std::span<const float> x);

/// out = x - log_sum_exp(x), rounded once. out may be x.
void log_softmax(std::span<const float> x, std::span<float> out);

}  // namespace croft

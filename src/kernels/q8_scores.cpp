#include "kernels/q8_scores.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"
#include "kernels/half.h"

namespace croft {
namespace {

/// Where an element of a group of four goes.
constexpr std::size_t pair_order[4] = {0, 2, 1, 3};

/// Quantizes 32 elements and returns their scale.
float quantize_block(const float* x, std::int16_t* quants) {
  // As integers, magnitudes compare as floats do, and what is no number is the largest of all.
  std::uint32_t peak_bits = 0;
  for (std::size_t i = 0; i < q8_block_values; ++i)
    peak_bits = std::max(peak_bits, std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffu);
  const float peak = std::bit_cast<float>(peak_bits);
  const bool finite = peak_bits < 0x7f800000u;
  // Below, the inverse of the scale could overflow.
  if (!finite || peak < 0x1p-100f) {
    std::fill_n(quants, q8_block_values, std::int16_t{0});
    return finite ? 0.0f : std::numeric_limits<float>::quiet_NaN();
  }
  const float scale = peak / 32767.0f;
  const float inverse = 32767.0f / peak;
  constexpr float magic = 0x1.8p23f;  // beyond 2^23 a float has no fraction: the addition rounds
  for (std::size_t i = 0; i < q8_block_values; ++i) {
    const float level = x[i] * inverse + magic - magic;
    quants[i / 4 * 4 + pair_order[i % 4]] = static_cast<std::int16_t>(static_cast<int>(level));
  }
  return scale;
}

/// The quants of a key's block in pair order.
void widen_block(const std::byte* key, std::int16_t* out) {
  for (std::size_t i = 0; i < q8_block_values; i += 4)
    for (std::size_t j = 0; j < 4; ++j)
      out[i + pair_order[j]] = std::bit_cast<std::int8_t>(key[2 + i + j]);
}

/// Exact in 32 bits: see the header.
std::int32_t block_sum(const std::int16_t* a, const std::int16_t* b) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < q8_block_values; ++i) sum += std::int32_t{a[i]} * std::int32_t{b[i]};
  return sum;
}

}  // namespace

void quantize_query(std::span<const float> head, std::int16_t* quants, float* scales) {
  CHECK(head.size() % q8_block_values == 0);
  for (std::size_t i = 0; i < head.size(); i += q8_block_values)
    scales[i / q8_block_values] = quantize_block(head.data() + i, quants + i);
}

void score_q8_reference(const Q8Rows& keys, const QuantizedQueries& queries, float* out,
                        std::size_t out_stride) {
  for (std::size_t r = 0; r < keys.rows; ++r) {
    for (std::size_t q = 0; q < queries.rows; ++q) out[q * out_stride + r] = 0.0f;
    for (std::size_t b = 0; b < queries.blocks; ++b) {
      const std::byte* block = keys.data + r * keys.row_bytes + b * q8_block_bytes;
      const float key_scale = f16_to_f32(load_u16(block));
      std::int16_t key[q8_block_values];
      widen_block(block, key);
      for (std::size_t q = 0; q < queries.rows; ++q) {
        const std::size_t at = q * queries.blocks + b;
        const std::int32_t sum = block_sum(key, queries.quants + at * q8_block_values);
        out[q * out_stride + r] += static_cast<float>(sum) * (queries.scales[at] * key_scale);
      }
    }
  }
}

}  // namespace croft

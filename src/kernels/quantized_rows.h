#pragma once
/// Activations as 8-bit integers, the other half of the products with packed weights.
///
/// A row is cut into blocks of 32 inputs. scale = max|x| / 127; q = x * (127 / max|x|) rounded to
/// the nearest, ties to even. Infinities and NaNs make the scale not a number, so that they are
/// seen in the product. The sums are what weights with a minimum or an offset need.

#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/kernel_table.h"

namespace croft {

inline constexpr std::size_t quantized_block = 32;

/// Added to integer sums so that their bits are a float's: 0x4b400000 is 1.5 * 2^23, and the sum of
/// a block stays below 2^22.
inline constexpr std::int32_t integer_bias = 0x4b400000;
inline constexpr float integer_bias_value = 12582912.0f;

/// Byte offsets in the record of one block of `group` rows: 64 bytes a row, each field for all rows
/// side by side.
struct QuantizedRecord {
  std::size_t group;

  [[nodiscard]] std::size_t bytes() const { return 64 * group; }
  /// int8 [8 steps][group][4 inputs]
  [[nodiscard]] static std::size_t quants() { return 0; }
  /// float: the scale
  [[nodiscard]] std::size_t scale() const { return 32 * group; }
  /// int32: integer_bias - 128 * sum, the start of a product with weights stored as q + 128
  [[nodiscard]] std::size_t start() const { return 36 * group; }
  /// float: scale * sum
  [[nodiscard]] std::size_t scaled_sum() const { return 40 * group; }
  /// int32: the sum of the 32 quants
  [[nodiscard]] std::size_t sum() const { return 44 * group; }
  /// int32 [2 halves][group]: the sums of 16 quants
  [[nodiscard]] std::size_t half_sum(std::size_t half) const { return (48 + 4 * half) * group; }
  /// float [2 halves][group]: scale * the sum of 16 quants
  [[nodiscard]] std::size_t scaled_half_sum(std::size_t half) const {
    return (56 + 4 * half) * group;
  }
};

/// One row's part of a record, before it is put among the others'.
struct QuantizedBlock {
  std::int8_t quants[quantized_block] = {};
  std::int32_t half_sums[2] = {};
  std::int32_t square_sum = 0;  ///< of the quants
  float scale = 0.0f;
};

/// Sets the scale; returns what the inputs are to be multiplied with: 0 where all quants are 0.
[[gnu::always_inline]] inline float begin_block(float largest, bool finite, QuantizedBlock& block) {
  block.scale = finite ? largest / 127.0f : std::numeric_limits<float>::quiet_NaN();
  // The quotient of the smallest magnitudes overflows: they count as 0.
  const float factor = finite && largest > 0.0f ? 127.0f / largest : 0.0f;
  return factor <= std::numeric_limits<float>::max() ? factor : 0.0f;
}

[[gnu::always_inline]] inline void store_block(const QuantizedBlock& block, QuantizedRecord layout,
                                               std::size_t row, std::byte* record) {
  const auto put = [](std::byte* p, auto value) __attribute__((always_inline)) {
    __builtin_memcpy(p, &value, sizeof(value));
  };
  if (layout.group == 1) {
    __builtin_memcpy(record, block.quants, quantized_block);
  } else {
    for (std::size_t step = 0; step < 8; ++step)
      __builtin_memcpy(record + (step * layout.group + row) * 4, block.quants + 4 * step, 4);
  }
  const std::int32_t sum = block.half_sums[0] + block.half_sums[1];
  put(record + layout.scale() + 4 * row, block.scale);
  put(record + layout.start() + 4 * row, integer_bias - 128 * sum);
  put(record + layout.scaled_sum() + 4 * row, block.scale * static_cast<float>(sum));
  put(record + layout.sum() + 4 * row, sum);
  for (std::size_t half = 0; half < 2; ++half) {
    put(record + layout.half_sum(half) + 4 * row, block.half_sums[half]);
    put(record + layout.scaled_half_sum(half) + 4 * row,
        block.scale * static_cast<float>(block.half_sums[half]));
  }
}

/// Counts a block into its row's fit.
template <typename Fit>
[[gnu::always_inline]] inline void add_fit(const QuantizedBlock& block, Fit& fit) {
  const float square = block.scale * block.scale;
  fit.scale_squares += square;
  // The largest value is always +-127; an empty block has no scale.
  fit.rest += square * static_cast<float>(block.square_sum - 127 * 127);
}

/// Rows in groups; the last group is padded with rows of zeros. Block b of group g is the record at
/// data + (g * blocks + b) * 64 * group.
struct QuantizedRows {
  const std::byte* data = nullptr;
  std::size_t rows = 0;
  std::size_t group = 1;
  std::size_t blocks = 0;

  [[nodiscard]] std::size_t groups() const { return (rows + group - 1) / group; }
  [[nodiscard]] const std::byte* record(std::size_t g, std::size_t block) const {
    return data + (g * blocks + block) * 64 * group;
  }
};

/// How well 8-bit blocks hold a row: sums over its blocks, in order.
///
/// A block whose largest value stands far above the others spends its steps on that one value. The
/// rounding errors of a row have the energy scale_squares * 32 / 12; what they must not drown is
/// the energy of everything but each block's largest value, `rest`.
struct RowFit {
  float scale_squares = 0.0f;
  float rest = 0.0f;

  /// Rounding errors above a 32nd of the rest (in amplitude): the row gets a second set of blocks
  /// for what the first leaves. Ordinary rows of real models lie at 0.01 to 0.05, the first
  /// positions that models keep as a sink of attention at 0.2 to 3. Without second blocks the 1.5B
  /// Qwen's second log-probability is off by up to 1.1 nats; from a 32nd on, and with logits always
  /// computed from both sets, log-probabilities are off by half of what they are without.
  [[nodiscard]] bool needs_second() const {
    return scale_squares * (32.0f / 12.0f * 1024.0f) > rest;
  }
};

/// Fills the records of one group from x.rows (1..group) rows of `cols` values, and writes
/// fits[0..x.rows). The definition; a KernelTable has the same bits. Requires: cols % 32 == 0; out
/// holds cols / 32 records.
void quantize_group_reference(FloatRows x, std::size_t cols, std::size_t group, std::byte* out,
                              RowFit* fits);

/// The loop around one block's quantization that all instruction sets share.
template <typename Quantize>
[[gnu::always_inline]] inline void quantize_group_with(Quantize quantize, FloatRows x,
                                                       std::size_t cols, std::size_t group,
                                                       std::byte* out, RowFit* fits) {
  const QuantizedRecord layout{group};
  for (std::size_t row = 0; row < x.rows; ++row) fits[row] = {};
  for (std::size_t begin = 0; begin < cols; begin += quantized_block, out += layout.bytes())
    for (std::size_t row = 0; row < group; ++row) {
      if (row < x.rows) {
        const QuantizedBlock block = quantize(x.data + row * x.stride + begin);
        add_fit(block, fits[row]);
        store_block(block, layout, row, out);
      } else {
        store_block(QuantizedBlock{}, layout, row, out);
      }
    }
}

}  // namespace croft

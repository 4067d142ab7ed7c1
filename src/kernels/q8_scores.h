#pragma once
/// Attention scores over Q8_0 keys as integer products.
///
/// A query head is quantized once, to 16 bits per element with one scale per 32 of them; its
/// product with a block of keys is then an exact 32-bit sum (32 * 32767 * 128 < 2^27), the same on
/// every instruction set. docs/adr/0005-integer-attention-scores.md has the reasons and the
/// figures.

#include <cstddef>
#include <cstdint>
#include <span>

namespace croft {

inline constexpr std::size_t q8_block_values = 32;
inline constexpr std::size_t q8_block_bytes = 34;

/// Query heads as integers: element i is scale * quant, one scale per block of 32.
///
/// The quants of a block lie in pair order: of each four elements first 0 and 2, then 1 and 3. Four
/// bytes of a key come apart in that order by two shifts.
struct QuantizedQueries {
  const std::int16_t* quants = nullptr;  ///< [rows, blocks * 32]
  const float* scales = nullptr;         ///< [rows, blocks]
  std::size_t rows = 0;
  std::size_t blocks = 0;
};

/// One head of consecutive positions in a Q8_0 cache: row r begins with a block's scale at
/// data + r * row_bytes.
struct Q8Rows {
  const std::byte* data = nullptr;
  std::size_t rows = 0;
  std::size_t row_bytes = 0;  ///< below 2^26: kernels reckon 16 rows in 32 bits
};

/// Quantizes one query head: scale = largest magnitude / 32767 per block, quants rounded to
/// nearest.
///
/// A block that holds an infinity or no number gets the scale NaN, and one whose magnitudes all lie
/// below 2^-100 the scale 0.
/// Requires: head.size() % 32 == 0; quants holds head.size(), scales head.size() / 32.
void quantize_query(std::span<const float> head, std::int16_t* quants, float* scales);

/// out[q * out_stride + r] = sum over blocks, in order, of float(sum of quants · key quants) *
/// (query scale * key scale), each product and sum rounded on its own.
///
/// Requires: rows > 0 on both sides; out_stride >= keys.rows rounded up to 16: what lies between
/// may be overwritten.
void score_q8_reference(const Q8Rows& keys, const QuantizedQueries& queries, float* out,
                        std::size_t out_stride);

}  // namespace croft

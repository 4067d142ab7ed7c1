// Goal: on arbitrary weight bytes with finite scales, every instruction set reads nothing out of
// bounds, dequantizes to the reference's bits, and multiplies within the rounding bound of a
// double-precision product, alone and in a batch with the same bits; attention's integer scores
// over the same bytes have the reference's bits. Input: byte 0 chooses the type, byte 1 seeds the
// activations, the rest are weight blocks (one row).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "kernels/dequantize.h"
#include "kernels/kernel_table.h"
#include "kernels/test_support.h"

namespace croft {
namespace {

constexpr std::size_t row_bytes_max = 16 * 1024;
constexpr std::size_t tokens = 7;

/// Clears an exponent bit of scales (and plain floats) that are infinite or not a number.
void make_finite(TensorType type, std::span<std::byte> row) {
  const TensorTypeTraits& layout = traits(type);
  const auto fix = [&](std::size_t at, std::size_t last_byte, unsigned mask, unsigned clear) {
    const std::uint16_t word = load_u16(row.data() + at + last_byte - 1);
    if ((word & mask) != mask) return;
    row[at + last_byte] &= static_cast<std::byte>(~clear);
  };
  for (std::size_t at = 0; at < row.size(); at += layout.block_bytes) {
    const test::ScaleOffsets offsets = test::scale_offsets(type);
    if (type == TensorType::F32) fix(at, 3, 0x7f80u, 0x40u);
    if (type == TensorType::BF16) fix(at, 1, 0x7f80u, 0x40u);
    if (type == TensorType::F16) fix(at, 1, 0x7c00u, 0x40u);
    if (offsets.first >= 0) fix(at + static_cast<std::size_t>(offsets.first), 1, 0x7c00u, 0x40u);
    if (offsets.second >= 0) fix(at + static_cast<std::size_t>(offsets.second), 1, 0x7c00u, 0x40u);
  }
}

void check_isa(const KernelTable& kernels, const WeightRows& weights, std::span<const float> x,
               std::span<const float> values) {
  const std::size_t cols = weights.cols;
  std::vector<float> dequantized(cols);
  kernels.dequantize(weights.type, weights.data, cols, dequantized.data());
  CHECK(std::memcmp(dequantized.data(), values.data(), values.size_bytes()) == 0);

  float single = 0.0f;
  kernels.multiply_few(weights, {x.data(), 1, cols}, &single, 1);
  float batch[tokens] = {};
  kernels.multiply_panel({dequantized.data(), 1, cols}, {x.data(), tokens, cols}, cols, batch, 1);
  CHECK(std::memcmp(&single, batch, sizeof(single)) == 0);
  double sum = 0.0;
  double magnitude = 0.0;
  for (std::size_t i = 0; i < cols; ++i) {
    const double term = static_cast<double>(values[i]) * static_cast<double>(x[i]);
    sum += term;
    magnitude += std::fabs(term);
  }
  if (magnitude > 1e38) return;  // the float32 sum may overflow
  // One rounding per addition that follows another, one more per product; plus steps of the
  // subnormal range.
  const double steps = static_cast<double>(cols) / 16.0 + 6.0;
  const double bound = magnitude * steps * 0x1p-24 + static_cast<double>(cols) * 0x1p-149;
  CHECK(std::fabs(static_cast<double>(single) - sum) <= bound);
}

/// Every block is one key of 32 elements, up to 64 of them; x holds a few queries.
void check_scores(std::span<const std::byte> blocks, std::span<const float> x) {
  constexpr std::size_t queries = 7, stride = 64;
  const Q8Rows keys{blocks.data(), std::min(blocks.size() / q8_block_bytes, stride),
                    q8_block_bytes};
  std::int16_t quants[queries * q8_block_values];
  float scales[queries];
  for (std::size_t q = 0; q < queries; ++q)
    quantize_query(x.subspan(q * q8_block_values, q8_block_values), quants + q * q8_block_values,
                   scales + q);
  float expected[queries * stride], out[queries * stride];
  score_q8_reference(keys, {quants, scales, queries, 1}, expected, stride);
  for (const Isa isa : test::all_isas) {
    if (!cpu_supports(isa)) continue;
    kernel_table(isa).score_q8(keys, {quants, scales, queries, 1}, out, stride);
    for (std::size_t q = 0; q < queries; ++q)
      CHECK(std::memcmp(out + q * stride, expected + q * stride, keys.rows * sizeof(float)) == 0);
  }
}

void run(std::span<const std::byte> input) {
  if (input.size() < 2) return;
  const TensorType type =
      test::all_types[std::to_integer<std::size_t>(input[0]) % std::size(test::all_types)];
  test::Random random(std::to_integer<std::uint32_t>(input[1]));
  const TensorTypeTraits& layout = traits(type);
  const std::size_t blocks = std::min(input.size() - 2, row_bytes_max) / layout.block_bytes;
  if (blocks == 0) return;
  // A vector of the exact size: the address sanitizer sees the first byte beyond it.
  std::vector<std::byte> row(
      input.begin() + 2,
      input.begin() + 2 + static_cast<std::ptrdiff_t>(blocks * layout.block_bytes));
  make_finite(type, row);
  const std::size_t cols = blocks * layout.block_size;
  std::vector<float> values(cols);
  dequantize_reference(type, row.data(), cols, values.data());
  const std::vector<float> x = random.floats(tokens * cols);
  for (const Isa isa : test::all_isas)
    if (cpu_supports(isa))
      check_isa(kernel_table(isa), {type, row.data(), row.size(), 1, cols}, x, values);
  if (type == TensorType::Q8_0) check_scores(row, x);
}

}  // namespace
}  // namespace croft

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  croft::run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}

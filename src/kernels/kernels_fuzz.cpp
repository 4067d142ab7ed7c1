// Goal: on arbitrary weight bytes with finite scales, every instruction set reads nothing out of
// bounds, dequantizes to the reference's bits, and multiplies within the rounding bound of a
// double-precision product, alone and in a batch with the same bits; attention over
// the same numbers has one set of bits. Input: byte 0 chooses the type, byte 1 seeds the
// activations, the rest are weight blocks (one row).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "kernels/attention.h"
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

/// Stored bytes of any kind as keys and values of one head of 32, seen by a few rows: every
/// instruction set reads nothing out of bounds and has the portable one's bits.
void check_attention(std::span<const float> values, std::span<const float> x) {
  constexpr std::size_t size = 32, rows_count = 4, heads = 2;
  for (const KvForm form : {KvForm::Bits16, KvForm::Bits8, KvForm::Floats}) {
    const KvLayout layout{form, 1, size};
    const std::size_t positions = std::min<std::size_t>(values.size() / size / 2, 100);
    if (positions == 0) return;
    std::vector<std::byte> expected_blocks;
    std::vector<float> expected;
    for (const Isa isa : test::all_isas) {
      if (!cpu_supports(isa)) continue;
      ThreadPool pool(1);
      std::vector<std::byte> blocks(kv_page_count(positions) * layout.page_bytes());
      std::vector<std::byte*> pages;
      for (std::size_t p = 0; p < kv_page_count(positions); ++p)
        pages.push_back(blocks.data() + p * layout.page_bytes());
      const KvRun run{{pages.data(), 0}, 0, 0, positions};
      store_kv(layout, {&run, 1}, {values.data(), positions, size},
               {values.data() + positions * size, positions, size}, isa, pool);
      std::vector<AttentionRow> rows;
      for (std::size_t r = 0; r < rows_count; ++r)
        rows.push_back({{pages.data(), 0}, std::min(r, positions - 1), positions - 1});
      std::vector<float> out(rows_count * heads * size);
      attention(rows, {x.data(), rows_count, heads * size}, {out.data(), rows_count, heads * size},
                {heads, layout, 0.2f, 0.0f}, isa, pool);
      // What is no number has many bit patterns.
      for (float& value : out) value = std::isfinite(value) ? value : 0.0f;
      if (expected.empty()) {
        expected = out;
        expected_blocks = blocks;
      }
      CHECK(blocks == expected_blocks);
      CHECK(std::memcmp(out.data(), expected.data(), out.size() * sizeof(float)) == 0);
    }
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
  if (x.size() >= 4 * 2 * 32) check_attention(values, x);
}

}  // namespace
}  // namespace croft

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  croft::run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}

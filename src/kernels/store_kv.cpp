#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "kernels/attention.h"
#include "kernels/half.h"

namespace croft {
namespace {

void store_u16(std::byte* p, std::uint16_t value) {
  std::memcpy(p, &value, sizeof(value));
}

/// One Q8_0 block: scale = largest magnitude / 127, stored as binary16; quants round half away from
/// zero.
void store_q8_block(const float* x, std::byte* out) {
  float peak = 0.0f;
  for (std::size_t i = 0; i < 32; ++i) peak = std::max(peak, std::fabs(x[i]));
  const float scale = peak / 127.0f;
  const float inverse = scale > 0.0f ? 1.0f / scale : 0.0f;
  store_u16(out, f32_to_f16(scale));
  for (std::size_t i = 0; i < 32; ++i) {
    // The clamp also catches what is no number: the conversion below would be undefined.
    const float level = std::round(x[i] * inverse);
    const auto quant =
        level >= -127.0f && level <= 127.0f ? static_cast<std::int8_t>(level) : std::int8_t{0};
    out[2 + i] = static_cast<std::byte>(quant);
  }
}

}  // namespace

void store_kv_row(TensorType type, std::span<const float> row, std::byte* destination) {
  switch (type) {
    case TensorType::F32:
      std::memcpy(destination, row.data(), row.size_bytes());
      return;
    case TensorType::F16:
      for (std::size_t i = 0; i < row.size(); ++i)
        store_u16(destination + 2 * i, f32_to_f16(row[i]));
      return;
    case TensorType::BF16:
      for (std::size_t i = 0; i < row.size(); ++i)
        store_u16(destination + 2 * i, f32_to_bf16(row[i]));
      return;
    case TensorType::Q8_0:
      CHECK(row.size() % 32 == 0);
      for (std::size_t i = 0; i < row.size(); i += 32)
        store_q8_block(row.data() + i, destination + i / 32 * 34);
      return;
    default:
      CHECK(false && "a cache type that attention does not read");
  }
}

}  // namespace croft

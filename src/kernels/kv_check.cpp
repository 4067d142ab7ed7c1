#include "kernels/kv_check.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace croft {
namespace {

/// Half a unit of rounding in each of up to 4096 elements, and of the 8-bit form in its steps,
/// comes on top of the norm that was aimed at (kv_blocks.h).
constexpr double norm_max = static_cast<double>(attention_norm_max) + 35.0;

template <typename T>
T read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

bool all_finite(const std::byte* floats, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if (!std::isfinite(read<float>(floats + i * sizeof(float)))) return false;
  return true;
}

bool scales_are_sound(const std::byte* scales) {
  for (std::size_t p = 0; p < kv_block_positions; ++p) {
    const float scale = read<float>(scales + p * sizeof(float));
    if (!std::isfinite(scale) || scale < 0.0f) return false;
  }
  return true;
}

/// `at(element, position)` is an element of a key as attention multiplies it.
template <typename At>
bool norms_are_sound(const KvLayout& layout, At at) {
  std::array<double, kv_block_positions> squares{};
  for (std::size_t e = 0; e < layout.padded_size(); ++e)
    for (std::size_t p = 0; p < kv_block_positions; ++p) {
      const double value = at(e, p);
      squares[p] += value * value;
    }
  for (const double sum : squares)
    if (sum > norm_max * norm_max) return false;
  return true;
}

bool factors_are_sound(const std::byte* factors, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if (factors[i] == std::byte{0}) return false;
  return true;
}

}  // namespace

bool is_sound_kv_block(const KvLayout& layout, std::span<const std::byte> block) {
  CHECK(block.size() == layout.block_bytes());
  const std::byte* data = block.data();
  if (layout.form == KvForm::Floats)
    return all_finite(data, 2 * kv_block_positions * layout.padded_size());
  if (!scales_are_sound(data + layout.key_scales()) ||
      !scales_are_sound(data + layout.value_scales()))
    return false;
  // keys [elements / 2][64 positions][2 elements]
  const auto index = [](std::size_t e, std::size_t p) {
    return (e / 2 * kv_block_positions + p) * 2 + e % 2;
  };
  if (layout.form == KvForm::Bits16)
    return norms_are_sound(layout, [&](std::size_t e, std::size_t p) {
      return static_cast<double>(read<std::int16_t>(data + index(e, p) * 2));
    });
  if (!factors_are_sound(data + layout.key_factors(), layout.factor_bytes()) ||
      !factors_are_sound(data + layout.value_factors(), layout.factor_bytes()))
    return false;
  return norms_are_sound(layout, [&](std::size_t e, std::size_t p) {
    const auto factor = std::to_integer<int>(
        data[layout.key_factors() + e / kv_factor_elements * kv_block_positions + p]);
    return static_cast<double>(read<std::int8_t>(data + index(e, p)) * factor);
  });
}

}  // namespace croft

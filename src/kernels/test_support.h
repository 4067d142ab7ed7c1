#pragma once
/// Shared by the kernel tests: random but valid weights and inputs from a fixed seed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/half.h"
#include "kernels/matrix.h"

namespace croft::test {

inline constexpr Isa all_isas[] = {Isa::Portable, Isa::Avx2, Isa::Avx512,  Isa::Avx512Vnni,
                                   Isa::Amx,      Isa::Neon, Isa::NeonI8mm};
/// The set's name as GoogleTest takes it: letters, digits and underscores.
inline std::string label(Isa isa) {
  std::string name(isa_name(isa));
  std::ranges::replace(name, '-', '_');
  return name;
}
inline constexpr TensorType all_types[] = {
    TensorType::F32,  TensorType::F16,  TensorType::BF16, TensorType::Q4_0,   TensorType::Q4_1,
    TensorType::Q5_0, TensorType::Q5_1, TensorType::Q8_0, TensorType::Q2_K,   TensorType::Q3_K,
    TensorType::Q4_K, TensorType::Q5_K, TensorType::Q6_K, TensorType::IQ4_NL, TensorType::IQ4_XS};

/// Byte offsets of the binary16 scales in a block of `type`; -1 where there is none.
struct ScaleOffsets {
  int first;
  int second;
};
inline ScaleOffsets scale_offsets(TensorType type) {
  switch (type) {
    case TensorType::Q4_0:
    case TensorType::Q5_0:
    case TensorType::Q8_0:
    case TensorType::IQ4_NL:
    case TensorType::IQ4_XS:
      return {0, -1};
    case TensorType::Q4_1:
    case TensorType::Q5_1:
    case TensorType::Q4_K:
    case TensorType::Q5_K:
      return {0, 2};
    case TensorType::Q2_K:
      return {80, 82};
    case TensorType::Q3_K:
      return {108, -1};
    case TensorType::Q6_K:
      return {208, -1};
    default:
      return {-1, -1};
  }
}

/// Overwrites the scales of whole blocks with finite ones from `next_scale()`; floats of plain
/// types as well.
template <typename Function>
void set_scales(TensorType type, std::span<std::byte> bytes, Function next_scale) {
  const TensorTypeTraits& layout = traits(type);
  for (std::size_t at = 0; at + layout.block_bytes <= bytes.size(); at += layout.block_bytes) {
    std::byte* block = bytes.data() + at;
    const float value = next_scale();
    const std::uint16_t half = f32_to_f16(value);
    const std::uint16_t brain = f32_to_bf16(value);
    const ScaleOffsets offsets = scale_offsets(type);
    if (type == TensorType::F32) std::memcpy(block, &value, sizeof(value));
    if (type == TensorType::F16) std::memcpy(block, &half, sizeof(half));
    if (type == TensorType::BF16) std::memcpy(block, &brain, sizeof(brain));
    if (offsets.first >= 0) std::memcpy(block + offsets.first, &half, sizeof(half));
    if (offsets.second >= 0) {
      const std::uint16_t second = f32_to_f16(next_scale());
      std::memcpy(block + offsets.second, &second, sizeof(second));
    }
  }
}

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  float uniform(float low, float high) {
    const auto bits = static_cast<std::uint32_t>(engine_() >> 8 & 0xffffffu);
    return low + (high - low) * static_cast<float>(bits) * 0x1p-24f;
  }
  std::vector<float> floats(std::size_t count, float low = -1.0f, float high = 1.0f) {
    std::vector<float> out(count);
    for (float& value : out) value = uniform(low, high);
    return out;
  }
  PackedMatrix matrix(TensorType type, std::size_t rows, std::size_t cols) {
    const std::size_t size = rows * static_cast<std::size_t>(*row_bytes(type, cols));
    std::shared_ptr<std::byte[]> bytes(new std::byte[size]);
    for (std::size_t i = 0; i < size; ++i)
      bytes.get()[i] = static_cast<std::byte>(engine_() & 0xffu);
    set_scales(type, {bytes.get(), size}, [&] { return uniform(-0.1f, 0.1f); });
    return PackedMatrix::own(type, rows, cols, std::move(bytes));
  }

 private:
  std::mt19937 engine_;
};

}  // namespace croft::test

#include "kernels/dequantize.h"

#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "kernels/half.h"
#include "kernels/k_scales.h"

namespace croft {
namespace {

/// Reads one byte as a number; offsets below are those of docs/formats/ggml_types.md.
int byte_at(const std::byte* p, std::size_t i) {
  return std::to_integer<int>(p[i]);
}
int signed_at(const std::byte* p, std::size_t i) {
  return static_cast<std::int8_t>(byte_at(p, i));
}
int low_nibble(const std::byte* p, std::size_t i) {
  return byte_at(p, i) & 15;
}
int high_nibble(const std::byte* p, std::size_t i) {
  return byte_at(p, i) >> 4;
}
float f16_at(const std::byte* p, std::size_t offset) {
  return f16_to_f32(load_u16(p + offset));
}

void q4_0(const std::byte* b, float* out) {
  const float d = f16_at(b, 0);
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(low_nibble(b + 2, i) - 8);
    out[i + 16] = d * static_cast<float>(high_nibble(b + 2, i) - 8);
  }
}

void q4_1(const std::byte* b, float* out) {
  const float d = f16_at(b, 0);
  const float m = f16_at(b, 2);
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(low_nibble(b + 4, i)) + m;
    out[i + 16] = d * static_cast<float>(high_nibble(b + 4, i)) + m;
  }
}

/// Bit i of `bits` as the fifth bit of a quant.
int fifth_bit(std::uint32_t bits, std::size_t i) {
  return static_cast<int>(bits >> i & 1u) << 4;
}

void q5_0(const std::byte* b, float* out) {
  const float d = f16_at(b, 0);
  const std::uint32_t high = load_u32(b + 2);
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>((low_nibble(b + 6, i) | fifth_bit(high, i)) - 16);
    out[i + 16] = d * static_cast<float>((high_nibble(b + 6, i) | fifth_bit(high, i + 16)) - 16);
  }
}

void q5_1(const std::byte* b, float* out) {
  const float d = f16_at(b, 0);
  const float m = f16_at(b, 2);
  const std::uint32_t high = load_u32(b + 4);
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(low_nibble(b + 8, i) | fifth_bit(high, i)) + m;
    out[i + 16] = d * static_cast<float>(high_nibble(b + 8, i) | fifth_bit(high, i + 16)) + m;
  }
}

void q8_0(const std::byte* b, float* out) {
  const float d = f16_at(b, 0);
  for (std::size_t i = 0; i < 32; ++i) out[i] = d * static_cast<float>(signed_at(b + 2, i));
}

void q2_k(const std::byte* b, float* out) {
  const std::byte* scales = b;
  const std::byte* quants = b + 16;
  const float d = f16_at(b, 80);
  const float dmin = f16_at(b, 82);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t half = i / 128;
    const std::size_t shift = i % 128 / 32 * 2;
    const int q = byte_at(quants, half * 32 + i % 32) >> shift & 3;
    const float step = d * static_cast<float>(low_nibble(scales, i / 16));
    const float minimum = dmin * static_cast<float>(high_nibble(scales, i / 16));
    out[i] = step * static_cast<float>(q) - minimum;
  }
}

void q3_k(const std::byte* b, float* out) {
  const std::byte* high = b;
  const std::byte* quants = b + 32;
  const std::byte* scales = b + 96;
  const float d = f16_at(b, 108);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t j = i / 16;  // group of 16 with a 6-bit scale in three pieces
    const int low4 = j < 8 ? low_nibble(scales, j) : high_nibble(scales, j - 8);
    const int high2 = byte_at(scales, 8 + j % 4) >> (j / 4 * 2) & 3;
    const int scale = (low4 | high2 << 4) - 32;
    const int low2 = byte_at(quants, i / 128 * 32 + i % 32) >> (i % 128 / 32 * 2) & 3;
    const int third = byte_at(high, i % 32) >> (i / 32) & 1;
    out[i] = d * static_cast<float>(scale) * static_cast<float>(low2 - (third == 0 ? 4 : 0));
  }
}

/// Q4_K and Q5_K: 8 groups of 32; `high` is null for Q4_K.
void q45_k(const std::byte* b, const std::byte* high, const std::byte* quants, float* out) {
  const KScales scales = unpack_k_scales(b + 4);
  const float d = f16_at(b, 0);
  const float dmin = f16_at(b, 2);
  for (std::size_t g = 0; g < 8; ++g) {
    const float step = d * static_cast<float>(scales.scale[g]);
    const float minimum = dmin * static_cast<float>(scales.minimum[g]);
    for (std::size_t i = 0; i < 32; ++i) {
      const std::size_t at = g / 2 * 32 + i;
      int q = g % 2 == 0 ? low_nibble(quants, at) : high_nibble(quants, at);
      if (high != nullptr) q |= (byte_at(high, i) >> g & 1) << 4;
      out[g * 32 + i] = step * static_cast<float>(q) - minimum;
    }
  }
}

void q4_k(const std::byte* b, float* out) {
  q45_k(b, nullptr, b + 16, out);
}
void q5_k(const std::byte* b, float* out) {
  q45_k(b, b + 16, b + 48, out);
}

void q6_k(const std::byte* b, float* out) {
  const std::byte* low = b;
  const std::byte* high = b + 128;
  const std::byte* scales = b + 192;
  const float d = f16_at(b, 208);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t half = i / 128;
    const std::size_t quarter = i % 128 / 32;
    const std::size_t at = half * 64 + quarter % 2 * 32 + i % 32;
    const int low4 = quarter < 2 ? low_nibble(low, at) : high_nibble(low, at);
    const int high2 = byte_at(high, half * 32 + i % 32) >> (quarter * 2) & 3;
    const float step = d * static_cast<float>(signed_at(scales, i / 16));
    out[i] = step * static_cast<float>((low4 | high2 << 4) - 32);
  }
}

void iq4_nl(const std::byte* b, float* out) {
  const float d = f16_at(b, 0);
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(iq4_levels[low_nibble(b + 2, i)]);
    out[i + 16] = d * static_cast<float>(iq4_levels[high_nibble(b + 2, i)]);
  }
}

void iq4_xs(const std::byte* b, float* out) {
  const float d = f16_at(b, 0);
  const int scales_high = load_u16(b + 2);
  for (std::size_t g = 0; g < 8; ++g) {
    const int low4 = g % 2 == 0 ? low_nibble(b + 4, g / 2) : high_nibble(b + 4, g / 2);
    const int scale = (low4 | (scales_high >> (2 * g) & 3) << 4) - 32;
    const float step = d * static_cast<float>(scale);
    const std::byte* quants = b + 8 + g * 16;
    for (std::size_t i = 0; i < 16; ++i) {
      out[g * 32 + i] = step * static_cast<float>(iq4_levels[low_nibble(quants, i)]);
      out[g * 32 + i + 16] = step * static_cast<float>(iq4_levels[high_nibble(quants, i)]);
    }
  }
}

using BlockFunction = void (*)(const std::byte* block, float* out);

BlockFunction block_function(TensorType type) {
  switch (type) {
    case TensorType::Q4_0:
      return q4_0;
    case TensorType::Q4_1:
      return q4_1;
    case TensorType::Q5_0:
      return q5_0;
    case TensorType::Q5_1:
      return q5_1;
    case TensorType::Q8_0:
      return q8_0;
    case TensorType::Q2_K:
      return q2_k;
    case TensorType::Q3_K:
      return q3_k;
    case TensorType::Q4_K:
      return q4_k;
    case TensorType::Q5_K:
      return q5_k;
    case TensorType::Q6_K:
      return q6_k;
    case TensorType::IQ4_NL:
      return iq4_nl;
    case TensorType::IQ4_XS:
      return iq4_xs;
    case TensorType::F32:
    case TensorType::F16:
    case TensorType::BF16:
      break;
  }
  return nullptr;
}

}  // namespace

void dequantize_reference(TensorType type, const std::byte* source, std::size_t count, float* out) {
  if (type == TensorType::F32) {
    std::memcpy(out, source, count * sizeof(float));
    return;
  }
  if (type == TensorType::F16 || type == TensorType::BF16) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint16_t bits = load_u16(source + 2 * i);
      out[i] = type == TensorType::F16 ? f16_to_f32(bits) : bf16_to_f32(bits);
    }
    return;
  }
  const BlockFunction block = block_function(type);
  CHECK(block != nullptr);
  const TensorTypeTraits& layout = traits(type);
  DCHECK(count % layout.block_size == 0);
  for (std::size_t i = 0; i < count; i += layout.block_size) {
    block(source, out + i);
    source += layout.block_bytes;
  }
}

}  // namespace croft

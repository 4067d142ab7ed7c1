#pragma once
/// Four 32-bit lanes for products with packed weights: one NEON register. Members as in
/// lanes_avx512.h, those that PackedFormats asks for. Included by the isa_neon*.cpp only.

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace croft {

struct NeonLanes {
  using I = int32x4_t;
  using F = float32x4_t;
  static constexpr std::size_t width = 4;

  static uint8x16_t bytes(I a) { return vreinterpretq_u8_s32(a); }
  static uint32x4_t words(I a) { return vreinterpretq_u32_s32(a); }
  static I ints(uint8x16_t a) { return vreinterpretq_s32_u8(a); }
  static I ints(uint32x4_t a) { return vreinterpretq_s32_u32(a); }

  static uint8x16_t load_bytes(const std::byte* p) {
    return vld1q_u8(reinterpret_cast<const std::uint8_t*>(p));
  }
  static uint16x4_t load_four_halves(const std::byte* p) {
    return vreinterpret_u16_u8(vld1_u8(reinterpret_cast<const std::uint8_t*>(p)));
  }
  static I load(const std::byte* p) { return ints(load_bytes(p)); }
  static void store(std::byte* p, I a) { vst1q_u8(reinterpret_cast<std::uint8_t*>(p), bytes(a)); }
  static F load_halves(const std::byte* p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(load_four_halves(p)));
  }
  static I load_half_words(const std::byte* p) { return ints(vmovl_u16(load_four_halves(p))); }
  static F load_floats(const std::byte* p) { return vreinterpretq_f32_u8(load_bytes(p)); }
  static void store_floats(std::byte* p, F a) { store(p, vreinterpretq_s32_f32(a)); }
  static F all(const std::byte* p) { return vld1q_dup_f32(reinterpret_cast<const float*>(p)); }
  static I all_ints(const std::byte* p) {
    return vld1q_dup_s32(reinterpret_cast<const std::int32_t*>(p));
  }
  static I set(std::int32_t value) { return vdupq_n_s32(value); }

  static I and_bytes(I a, int mask) {
    return ints(vandq_u8(bytes(a), vdupq_n_u8(static_cast<std::uint8_t>(mask))));
  }
  static I and_words(I a, int mask) { return vandq_s32(a, vdupq_n_s32(mask)); }
  static I or_bits(I a, I b) { return vorrq_s32(a, b); }
  static I add_bytes(I a, int value) {
    return ints(vaddq_u8(bytes(a), vdupq_n_u8(static_cast<std::uint8_t>(value & 255))));
  }
  static I sub_words(I a, I b) { return vsubq_s32(a, b); }
  static I right(I a, unsigned count) {
    return ints(vshlq_u32(words(a), vdupq_n_s32(-static_cast<int>(count))));
  }
  static I left(I a, unsigned count) { return vshlq_s32(a, vdupq_n_s32(static_cast<int>(count))); }
  static I signed_byte(I a, unsigned b) { return vshrq_n_s32(left(a, 24 - 8 * b), 24); }
  static I look_up(const std::int8_t* table, I a) {
    return vreinterpretq_s32_s8(vqtbl1q_s8(vld1q_s8(table), bytes(a)));
  }
  static F to_float(I a) { return vcvtq_f32_s32(a); }
  static F mul(F a, F b) { return vmulq_f32(a, b); }
  static F negate(F a) { return vnegq_f32(a); }
};

}  // namespace croft

#pragma once
/// Four lanes in one NEON register, for simd/attention.h. Members as in attention_avx512.h.
/// Included by isa_neon.cpp only.

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace croft {

struct NeonAttentionLanes {
  using I = int32x4_t;
  using F = float32x4_t;
  static constexpr std::size_t width = 4;
  /// 16 sums, 4 columns, a query and two products fill 23 of 32 registers.
  static constexpr std::size_t tile_columns = 4, tile_queries = 4;

  static int16x8_t halves(I a) { return vreinterpretq_s16_s32(a); }

  static I zero_ints() { return set(0); }
  static I set(std::int32_t value) { return vdupq_n_s32(value); }
  static I load_ints(const std::byte* p) {
    return vreinterpretq_s32_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p)));
  }
  static void store_ints(std::byte* p, I a) {
    vst1q_u8(reinterpret_cast<std::uint8_t*>(p), vreinterpretq_u8_s32(a));
  }
  static I broadcast_pair(const std::int16_t* p) {
    std::int32_t bits;
    __builtin_memcpy(&bits, p, sizeof(bits));
    return set(bits);
  }
  static I add_products(I sum, I a, I b) {
    const I low = vmull_s16(vget_low_s16(halves(a)), vget_low_s16(halves(b)));
    return vaddq_s32(sum, vpaddq_s32(low, vmull_high_s16(halves(a), halves(b))));
  }
  static I add(I a, I b) { return vaddq_s32(a, b); }
  static I or_bits(I a, I b) { return vorrq_s32(a, b); }
  static I low_halves(I a) { return vandq_s32(a, set(0xffff)); }
  static I to_high_halves(I a) { return vshlq_n_s32(a, 16); }
  static I widen_scaled(const std::byte* p, I m) {
    const int8x8_t bytes = vld1_s8(reinterpret_cast<const std::int8_t*>(p));
    return vreinterpretq_s32_s16(vmulq_s16(vmovl_s8(bytes), halves(m)));
  }
  static I load_bytes(const std::byte* p) {
    std::uint32_t four;
    __builtin_memcpy(&four, p, sizeof(four));
    const uint8x8_t bytes = vreinterpret_u8_u32(vdup_n_u32(four));
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
  }

  static F set(float value) { return vdupq_n_f32(value); }
  static F load(const float* p) { return vld1q_f32(p); }
  static void store(float* p, F a) { vst1q_f32(p, a); }
  static F add(F a, F b) { return vaddq_f32(a, b); }
  static F sub(F a, F b) { return vsubq_f32(a, b); }
  static F mul(F a, F b) { return vmulq_f32(a, b); }
  static F div(F a, F b) { return vdivq_f32(a, b); }
  static F mul_add(F a, F b, F c) { return vfmaq_f32(c, a, b); }
  // The second operand where one is no number: the processor's own instructions would pass it on.
  static F max(F a, F b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static F min(F a, F b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
  static F abs(F a) { return vabsq_f32(a); }
  static F to_float(I a) { return vcvtq_f32_s32(a); }
  /// The smallest integer for what does not fit or is no number.
  static I to_int(F a) {
    return vbslq_s32(vcltq_f32(vabsq_f32(a), vdupq_n_f32(0x1p31f)), vcvtnq_s32_f32(a),
                     set(INT32_MIN));
  }
  static F exponent_of(F a) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vreinterpretq_s32_f32(a), 23));
  }
  /// All ones in the lanes whose bit is set.
  static uint32x4_t mask(std::uint64_t bits) {
    constexpr std::uint32_t bit[4] = {1, 2, 4, 8};
    return vtstq_u32(vdupq_n_u32(static_cast<std::uint32_t>(bits & 15)), vld1q_u32(bit));
  }
  static F select(std::uint64_t bits, F a, F b) { return vbslq_f32(mask(bits), a, b); }
  static I keep(std::uint64_t bits, I a) { return vandq_s32(vreinterpretq_s32_u32(mask(bits)), a); }
  static F copy_sign(F magnitude, F sign) {
    return vbslq_f32(vdupq_n_u32(0x80000000u), sign, magnitude);
  }
  static void store_strip(std::int16_t* p, const I (&a)[4]) {
    store_halves(p, a[0], a[1]);
    store_halves(p + 8, a[2], a[3]);
  }
  static void store_halves(std::int16_t* p, I a, I b) {
    vst1q_s16(p, vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)));
  }

  static float reduce_add(const F (&a)[4]) {
    const F by4 = vaddq_f32(vaddq_f32(a[0], a[2]), vaddq_f32(a[1], a[3]));
    const float32x2_t by2 = vadd_f32(vget_low_f32(by4), vget_high_f32(by4));
    return vget_lane_f32(by2, 0) + vget_lane_f32(by2, 1);
  }
  static float reduce_max(const F (&a)[4]) {
    const F by4 = max(max(a[0], a[2]), max(a[1], a[3]));
    const F by2 = max(by4, vextq_f32(by4, by4, 2));
    const float x = vgetq_lane_f32(by2, 0), y = vgetq_lane_f32(by2, 1);
    return x > y ? x : y;
  }
};

}  // namespace croft

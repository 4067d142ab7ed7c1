#pragma once
/// Sixteen float lanes in four NEON registers. Members as in portable.h; the bits are those of AVX2
/// and AVX-512. Included by isa_neon.cpp only.

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace croft {

struct NeonSimd {
  struct V {
    float32x4_t part[4];
  };

  // 2 x 2 accumulators of four registers each: 16 of 32, beside 8 of weights and 4 of inputs.
  static constexpr std::size_t tile_rows = 2;
  static constexpr std::size_t tile_tokens = 2;
  /// Weight rows that one pass over `tokens` serves: 4 to 6 values of four registers.
  static constexpr std::size_t rows_at_once(std::size_t tokens) {
    return tokens == 1 ? 4 : tokens == 2 ? 2 : 1;
  }

  template <typename Function>
  [[gnu::always_inline]] static V map(Function function) {
    return {{function(0), function(1), function(2), function(3)}};
  }

  static V zero() { return set1(0.0f); }
  static V set1(float value) {
    const float32x4_t four = vdupq_n_f32(value);
    return {{four, four, four, four}};
  }
  static V load(const float* p) {
    return map([&](int i) { return vld1q_f32(p + 4 * i); });
  }
  static V load_first(const float* p, std::size_t count) {
    float lanes[16] = {};
    __builtin_memcpy(lanes, p, count * sizeof(float));
    return load(lanes);
  }
  static void store(float* p, V a) {
    for (std::size_t i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, a.part[i]);
  }
  static void store_first(float* p, V a, std::size_t count) {
    float lanes[16];
    store(lanes, a);
    __builtin_memcpy(p, lanes, count * sizeof(float));
  }

  static V add(V a, V b) {
    return map([&](int i) { return vaddq_f32(a.part[i], b.part[i]); });
  }
  static V sub(V a, V b) {
    return map([&](int i) { return vsubq_f32(a.part[i], b.part[i]); });
  }
  static V mul(V a, V b) {
    return map([&](int i) { return vmulq_f32(a.part[i], b.part[i]); });
  }
  static V div(V a, V b) {
    return map([&](int i) { return vdivq_f32(a.part[i], b.part[i]); });
  }
  static V mul_add(V a, V b, V c) {
    return map([&](int i) { return vfmaq_f32(c.part[i], a.part[i], b.part[i]); });
  }
  // The processor's own maximum passes on what is no number; the backends' does not.
  static float32x4_t max(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static V max(V a, V b) {
    return map([&](int i) { return max(a.part[i], b.part[i]); });
  }
  static V min(V a, V b) { return select_less(a, b, a, b); }
  static V select_less(V a, V b, V yes, V no) {
    return map(
        [&](int i) { return vbslq_f32(vcltq_f32(a.part[i], b.part[i]), yes.part[i], no.part[i]); });
  }
  static V abs(V a) {
    return map([&](int i) { return vabsq_f32(a.part[i]); });
  }
  static V copy_sign(V a, V b) {
    const uint32x4_t sign = vdupq_n_u32(0x80000000u);
    return map([&](int i) { return vbslq_f32(sign, b.part[i], a.part[i]); });
  }
  static V round(V a) {
    return map([&](int i) { return vrndnq_f32(a.part[i]); });
  }
  static V exp2_whole(V a) {
    return map([&](int i) {
      const int32x4_t biased = vaddq_s32(vcvtnq_s32_f32(a.part[i]), vdupq_n_s32(127));
      return vreinterpretq_f32_s32(vshlq_n_s32(biased, 23));
    });
  }

  /// Lanes i and i + 8, then i + 4.
  static float32x4_t add_to_four(V a) {
    return vaddq_f32(vaddq_f32(a.part[0], a.part[2]), vaddq_f32(a.part[1], a.part[3]));
  }
  /// Lanes i and i + 2 of both: the low half of the result belongs to a.
  static float32x4_t add_to_two(float32x4_t a, float32x4_t b) {
    const float64x2_t wide_a = vreinterpretq_f64_f32(a), wide_b = vreinterpretq_f64_f32(b);
    return vaddq_f32(vreinterpretq_f32_f64(vzip1q_f64(wide_a, wide_b)),
                     vreinterpretq_f32_f64(vzip2q_f64(wide_a, wide_b)));
  }
  static float reduce_add(V a) {
    const float32x4_t by4 = add_to_four(a);
    const float32x2_t by2 = vadd_f32(vget_low_f32(by4), vget_high_f32(by4));
    return vget_lane_f32(by2, 0) + vget_lane_f32(by2, 1);
  }
  template <std::size_t N>
  static void reduce_add_each(const V (&a)[N], float* out) {
    std::size_t i = 0;
    for (; i + 4 <= N; i += 4) {
      const float32x4_t first = add_to_two(add_to_four(a[i]), add_to_four(a[i + 1]));
      const float32x4_t second = add_to_two(add_to_four(a[i + 2]), add_to_four(a[i + 3]));
      vst1q_f32(out + i, vpaddq_f32(first, second));
    }
    for (; i < N; ++i) out[i] = reduce_add(a[i]);
  }
  static float reduce_max(V a) {
    const float32x4_t by4 = max(max(a.part[0], a.part[2]), max(a.part[1], a.part[3]));
    const float32x4_t by2 = max(by4, vextq_f32(by4, by4, 2));
    const float x = vgetq_lane_f32(by2, 0), y = vgetq_lane_f32(by2, 1);
    return x > y ? x : y;
  }

  // What the weight formats need.

  static float half(const std::byte* p) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, p, sizeof(bits));
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits))), 0);
  }
  static V from_signed(int8x16_t bytes) {
    const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
    return {{vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), vcvtq_f32_s32(vmovl_high_s16(low)),
             vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), vcvtq_f32_s32(vmovl_high_s16(high))}};
  }
  static V from_unsigned(uint8x16_t bytes) {
    const uint16x8_t low = vmovl_u8(vget_low_u8(bytes)), high = vmovl_high_u8(bytes);
    return {{vcvtq_f32_u32(vmovl_u16(vget_low_u16(low))), vcvtq_f32_u32(vmovl_high_u16(low)),
             vcvtq_f32_u32(vmovl_u16(vget_low_u16(high))), vcvtq_f32_u32(vmovl_high_u16(high))}};
  }
  static V scaled(float scale, V a) {
    return map([&](int i) { return vmulq_n_f32(a.part[i], scale); });
  }
};

}  // namespace croft

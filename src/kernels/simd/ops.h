#pragma once
/// Row operations of ops.h over raw pointers, for any backend.

#include <cmath>
#include <cstddef>

#include "kernels/kernel_table.h"
#include "kernels/simd/math.h"

namespace croft {

template <typename S>
struct SimdOps {
  using V = typename S::V;
  using M = SimdMath<S>;

  /// out[i] = function(a[i], b[i]); the tail goes through the same lanes, so position does not
  /// matter.
  template <typename Function>
  static void map2(const float* a, const float* b, float* out, std::size_t n, Function function) {
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) S::store(out + i, function(S::load(a + i), S::load(b + i)));
    if (i < n) {
      const std::size_t rest = n - i;
      S::store_first(out + i, function(S::load_first(a + i, rest), S::load_first(b + i, rest)),
                     rest);
    }
  }
  template <typename Function>
  static void map1(const float* a, float* out, std::size_t n, Function function) {
    map2(a, a, out, n, [&](V x, V) { return function(x); });
  }
  /// Sum of function(x[i]) in one 16-lane accumulator; function must map a padded 0 as `pad` wants
  /// it.
  template <typename Function>
  static float sum(const float* x, std::size_t n, Function function) {
    V total = S::zero();
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) total = function(total, S::load(x + i));
    float rest[16] = {};
    if (i < n) {
      S::store(rest, function(S::zero(), S::load_first(x + i, n - i)));
      total = S::add(total, S::load_first(rest, n - i));
    }
    return S::reduce_add(total);
  }

  static void rms_norm(const float* x, const float* weight, float epsilon, float* out,
                       std::size_t n) {
    const float squares = sum(x, n, [](V total, V v) { return S::mul_add(v, v, total); });
    const V factor = S::set1(1.0f / __builtin_sqrtf(squares / static_cast<float>(n) + epsilon));
    if (weight == nullptr) {
      map1(x, out, n, [&](V v) { return S::mul(v, factor); });
    } else {
      map2(x, weight, out, n, [&](V v, V w) { return S::mul(S::mul(v, factor), w); });
    }
  }

  static void layer_norm(const float* x, const float* weight, const float* bias, float epsilon,
                         float* out, std::size_t n) {
    const auto count = static_cast<float>(n);
    const V mean = S::set1(sum(x, n, [](V total, V v) { return S::add(total, v); }) / count);
    const float squares = sum(x, n, [&](V total, V v) {
      const V d = S::sub(v, mean);
      return S::mul_add(d, d, total);
    });
    const V factor = S::set1(1.0f / __builtin_sqrtf(squares / count + epsilon));
    map2(x, weight, out, n, [&](V v, V w) { return S::mul(S::mul(S::sub(v, mean), factor), w); });
    if (bias != nullptr) map2(out, bias, out, n, [](V v, V b) { return S::add(v, b); });
  }

  static float maximum(const float* x, std::size_t n, float start) {
    V best = S::set1(start);
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) best = S::max(best, S::load(x + i));
    float result = S::reduce_max(best);
    for (; i < n; ++i) result = x[i] > result ? x[i] : result;
    return result;
  }

  /// x = exp(x - shift); returns the sum.
  static float exp_and_sum(float* x, std::size_t n, float shift) {
    const V shift_lanes = S::set1(shift);
    map1(x, x, n, [&](V v) { return M::exp(S::sub(v, shift_lanes)); });
    return sum(x, n, [](V total, V v) { return S::add(total, v); });
  }

  static void softmax(float* x, std::size_t n) {
    const float peak = maximum(x, n, -HUGE_VALF);
    if (peak == -HUGE_VALF) {
      for (std::size_t i = 0; i < n; ++i) x[i] = 0.0f;
      return;
    }
    scale(x, 1.0f / exp_and_sum(x, n, peak), n);
  }

  static void silu_mul(const float* gate, const float* up, float* out, std::size_t n) {
    map2(gate, up, out, n, [](V g, V u) { return S::mul(M::silu(g), u); });
  }
  static void gelu_tanh_mul(const float* gate, const float* up, float* out, std::size_t n) {
    map2(gate, up, out, n, [](V g, V u) { return S::mul(M::gelu_tanh(g), u); });
  }
  static void silu(float* x, std::size_t n) { map1(x, x, n, M::silu); }
  static void gelu_tanh(float* x, std::size_t n) { map1(x, x, n, M::gelu_tanh); }
  static void gelu_erf(float* x, std::size_t n) { map1(x, x, n, M::gelu_erf); }
  static void add(const float* a, const float* b, float* out, std::size_t n) {
    map2(a, b, out, n, S::add);
  }
  static void scale(float* x, float factor, std::size_t n) {
    const V f = S::set1(factor);
    map1(x, x, n, [&](V v) { return S::mul(v, f); });
  }
  static void softcap(float* x, float cap, std::size_t n) {
    const V c = S::set1(cap);
    map1(x, x, n, [&](V v) { return S::mul(c, M::tanh(S::div(v, c))); });
  }

  static void rope_halves(float* head, const float* cosine, const float* sine, std::size_t half) {
    float* upper = head + half;
    const auto turn = [](V a, V b, V c, V s) { return S::sub(S::mul(a, c), S::mul(b, s)); };
    const auto turn_upper = [](V a, V b, V c, V s) { return S::add(S::mul(b, c), S::mul(a, s)); };
    std::size_t i = 0;
    for (; i + 16 <= half; i += 16) {
      const V a = S::load(head + i), b = S::load(upper + i);
      const V c = S::load(cosine + i), s = S::load(sine + i);
      S::store(head + i, turn(a, b, c, s));
      S::store(upper + i, turn_upper(a, b, c, s));
    }
    if (i < half) {
      const std::size_t rest = half - i;
      const V a = S::load_first(head + i, rest), b = S::load_first(upper + i, rest);
      const V c = S::load_first(cosine + i, rest), s = S::load_first(sine + i, rest);
      S::store_first(head + i, turn(a, b, c, s), rest);
      S::store_first(upper + i, turn_upper(a, b, c, s), rest);
    }
  }
};

}  // namespace croft

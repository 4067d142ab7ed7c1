#pragma once
/// exp, tanh and what is made of them, 16 lanes at a time, for any backend (simd/portable.h lists
/// its members).

#include <cstddef>

namespace croft {

template <typename S>
struct SimdMath {
  using V = typename S::V;

  /// c[0] + c[1] x + ... by Horner's rule.
  template <std::size_t N>
  static V polynomial(V x, const float (&c)[N]) {
    V sum = S::set1(c[N - 1]);
    for (std::size_t i = N - 1; i > 0; --i) sum = S::mul_add(sum, x, S::set1(c[i - 1]));
    return sum;
  }

  /// exp(x), relative error below 2e-7 in [-87.3, 88.3]; 0 below, 2.4e38 (not infinity) above; NaN
  /// stays NaN.
  static V exp(V x) {
    const V lowest = S::set1(-87.33f);
    const V clamped = S::min(S::set1(88.37f), S::max(lowest, x));
    const V n = S::round(S::mul(clamped, S::set1(1.44269504088896341f)));
    // ln 2 in two pieces: the first has 9 bits, so that n times it is exact (Cody and Waite).
    V r = S::mul_add(n, S::set1(-0.693359375f), clamped);
    r = S::mul_add(n, S::set1(2.12194440e-4f), r);
    // Taylor to degree 7: the remainder at |r| = 0.3466 is 5e-9.
    constexpr float taylor[] = {1.0f,      1.0f,       1.0f / 2,   1.0f / 6,
                                1.0f / 24, 1.0f / 120, 1.0f / 720, 1.0f / 5040};
    const V result = S::mul(polynomial(r, taylor), S::exp2_whole(n));
    return S::select_less(x, lowest, S::zero(), result);
  }

  /// 1 / (1 + exp(-x)).
  static V sigmoid(V x) {
    const V one = S::set1(1.0f);
    return S::div(one, S::add(one, exp(S::sub(S::zero(), x))));
  }

  static V silu(V x) { return S::div(x, S::add(S::set1(1.0f), exp(S::sub(S::zero(), x)))); }

  /// x * (1 + tanh(u)) / 2 with u = sqrt(2 / pi) * (x + 0.044715 x³), which is x * sigmoid(2 u): no
  /// cancellation.
  static V gelu_tanh(V x) {
    constexpr float twice_sqrt_2_over_pi = 1.5957691216057308f;
    const V inner = S::mul_add(S::mul(x, x), S::set1(0.044715f), S::set1(1.0f));
    const V u = S::mul(S::mul(x, S::set1(twice_sqrt_2_over_pi)), inner);
    return S::div(x, S::add(S::set1(1.0f), exp(S::sub(S::zero(), u))));
  }

  /// x * Phi(x), Phi the normal distribution: the exact gelu. Relative error below 1e-6 in [-4,
  /// 88], and growing with x² / 2 * 2^-24 (the rounded argument of exp) to 1e-5 at -13: the tail is
  /// computed, not 1 - erf.
  static V gelu_erf(V x) {
    const V z = S::mul(S::abs(x), S::set1(0.70710678118654752f));
    const V w = S::div(S::set1(1.0f), S::mul_add(z, S::set1(0.5f), S::set1(1.0f)));
    // exp(z²) erfc(z) = w * p(w) for z in [0, 9.3], relative error 7.5e-8: least squares,
    // reweighted to minimax.
    constexpr float p[] = {2.82063663e-1f,  2.82800794e-1f,  2.39821762e-1f,
                           2.16359138e-1f,  -6.04134314e-2f, 3.29031885e-1f,
                           -5.33238888e-1f, 3.07448089e-1f,  -6.3873060e-2f};
    const V half_square = S::mul(S::mul(x, x), S::set1(-0.5f));
    const V tail = S::mul(S::mul(exp(half_square), S::set1(0.5f)), S::mul(w, polynomial(w, p)));
    return S::mul(x, S::select_less(x, S::zero(), tail, S::sub(S::set1(1.0f), tail)));
  }

  /// tanh(x), relative error below 5e-7: a polynomial near 0, where the formula with exp would
  /// cancel.
  static V tanh(V x) {
    const V magnitude = S::abs(x);
    const V one = S::set1(1.0f);
    const V e = exp(S::add(magnitude, magnitude));
    const V far = S::copy_sign(S::sub(one, S::div(S::set1(2.0f), S::add(e, one))), x);
    // Odd minimax polynomial on [-0.625, 0.625] (Cephes, tanhf).
    constexpr float odd[] = {-3.33332819422e-1f, 1.33314422036e-1f, -5.37397155531e-2f,
                             2.06390887954e-2f, -5.70498872745e-3f};
    const V square = S::mul(x, x);
    const V near = S::mul_add(S::mul(square, polynomial(square, odd)), x, x);
    return S::select_less(magnitude, S::set1(0.625f), near, far);
  }
};

}  // namespace croft

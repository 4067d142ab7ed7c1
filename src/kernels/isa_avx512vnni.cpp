// The AVX-512 kernels, with integer products by the instructions that AVX-512 VNNI adds.
#include "kernels/kernel_table.h"
#include "kernels/simd/attention.h"
#include "kernels/simd/attention_avx512.h"
#include "kernels/simd/lanes_avx512.h"
#include "kernels/simd/packed_matmul.h"

namespace croft {
namespace {

struct DotProducts {
  static __m512i add_products(__m512i sum, __m512i a, __m512i b) {
    return _mm512_dpwssd_epi32(sum, a, b);
  }
};

/// Four products of an unsigned and a signed byte at once. A panel keeps every format as q + 128,
/// so that its sums start from one value that is ready in the activations' record.
struct VnniDot {
  static constexpr std::size_t wide_shift = 7;
  static __m512i wide_operand(__m512i a) {
    return _mm512_xor_si512(a, _mm512_set1_epi8(static_cast<char>(0x80)));
  }
  template <unsigned Bits, unsigned ZeroShift>
  static __m512i panel_operand(__m512i a) {
    if constexpr (Bits == 8) return wide_operand(a);
    constexpr int zero = ZeroShift == 0 ? 0 : 1 << ZeroShift;
    return _mm512_add_epi8(a, _mm512_set1_epi8(static_cast<char>(128 - zero)));
  }
  template <unsigned Bits, unsigned ZeroShift>
  static constexpr unsigned panel_shift() {
    return 7;
  }
  template <unsigned Bits>
  static __m512i add(__m512i sum, __m512i weights, __m512i x) {
    return _mm512_dpbusd_epi32(sum, weights, x);
  }
  /// With the broadcast inside the instruction: gcc 12 makes two of it and runs out of registers.
  template <unsigned Bits>
  static __m512i add_one(__m512i sum, __m512i weights, const std::byte* x) {
    __asm__("vpdpbusd %2%{1to16%}, %1, %0"
            : "+v"(sum)
            : "v"(weights), "m"(*reinterpret_cast<const std::int32_t*>(x)));
    return sum;
  }
  /// sum + the low halves of `factor` times the 16-bit number at `x`. Requires: the high halves of
  /// `factor` are 0.
  static __m512i add_word(__m512i sum, __m512i factor, const std::byte* x) {
    __asm__("vpdpwssd %2%{1to16%}, %1, %0"
            : "+v"(sum)
            : "v"(factor), "m"(*reinterpret_cast<const std::int32_t*>(x)));
    return sum;
  }
};

}  // namespace

const KernelTable& avx512vnni_table() {
  static const KernelTable table = [] {
    using Packed = PackedMatmul<Avx512Lanes<VnniDot>>;
    KernelTable changed = avx512_table();
    changed.attend = Attention<Avx512AttentionLanes<DotProducts>>::attend;
    changed.group_of = Packed::group_of;
    changed.multiply_packed = Packed::multiply;
    return changed;
  }();
  return table;
}

}  // namespace croft

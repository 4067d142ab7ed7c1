#pragma once
/// Fills a KernelTable from one backend.

#include "kernels/kernel_table.h"
#include "kernels/simd/attention.h"
#include "kernels/simd/kv_store.h"
#include "kernels/simd/matmul.h"
#include "kernels/simd/ops.h"
#include "kernels/simd/packed_matmul.h"

namespace croft {

/// `Lanes` are attention's.
template <typename S, typename Weights, typename Packed, typename Lanes>
constexpr KernelTable make_table(QuantizeGroup quantize_group) {
  using Ops = SimdOps<S>;
  using Matmul = SimdMatmul<S>;
  return {
      .dequantize = Weights::dequantize,
      .multiply_few = Weights::multiply_few,
      .multiply_panel = Matmul::multiply_panel,
      .dot = Matmul::dot,
      .group_of = Packed::group_of,
      .quantize_group = quantize_group,
      .multiply_packed = Packed::multiply,
      .rms_norm = Ops::rms_norm,
      .layer_norm = Ops::layer_norm,
      .softmax = Ops::softmax,
      .silu_mul = Ops::silu_mul,
      .gelu_tanh_mul = Ops::gelu_tanh_mul,
      .silu = Ops::silu,
      .gelu_tanh = Ops::gelu_tanh,
      .gelu_erf = Ops::gelu_erf,
      .add = Ops::add,
      .scale = Ops::scale,
      .softcap = Ops::softcap,
      .rope_halves = Ops::rope_halves,
      .attend = Attention<Lanes>::attend,
      .store_kv = KvStore<Lanes>::store,
  };
}

}  // namespace croft

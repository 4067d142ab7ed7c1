#pragma once
/// The functions each instruction set provides, and the one place that picks them.

#include <cstddef>

#include "base/cpu.h"
#include "base/tensor_type.h"

namespace croft {

/// A run of weight rows in file layout.
struct WeightRows {
  TensorType type = TensorType::F32;
  const std::byte* data = nullptr;
  std::size_t row_bytes = 0;
  std::size_t rows = 0;
  std::size_t cols = 0;
};

/// A run of float rows; row r starts at data + r * stride.
struct FloatRows {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t stride = 0;
};

/// A run of whole strips in packed layout (packed_layout.h).
struct PackedRows {
  TensorType type = TensorType::Q8_0;
  const std::byte* data = nullptr;
  std::size_t strip_bytes = 0;
  std::size_t strips = 0;
};
struct QuantizedRows;
struct AttentionItem;
struct KvStoreItem;
struct RowFit;

/// Up to so many tokens multiply_few is faster than filling a panel.
inline constexpr std::size_t few_tokens_max = 4;

using QuantizeGroup = void (*)(FloatRows x, std::size_t cols, std::size_t group, std::byte* out,
                               RowFit* fits);

struct KernelTable {
  /// As dequantize_reference, same bits.
  void (*dequantize)(TensorType type, const std::byte* source, std::size_t count, float* out);
  /// out[t * out_stride + r] = weights[r] · x[t]; each value has the bits of `dot`. Requires:
  /// x.rows in [1, few_tokens_max]. Each weight is read once and used at once: the path of
  /// decoding.
  void (*multiply_few)(const WeightRows& weights, FloatRows x, float* out, std::size_t out_stride);
  /// out[t * out_stride + r] = panel[r] · x[t]; each value has the bits of `dot`.
  void (*multiply_panel)(FloatRows panel, FloatRows x, std::size_t cols, float* out,
                         std::size_t out_stride);
  float (*dot)(const float* a, const float* b, std::size_t count);

  /// Rows per group that multiply_packed wants for so many rows.
  std::size_t (*group_of)(std::size_t rows);
  /// As quantize_group_reference, same bits.
  QuantizeGroup quantize_group;
  /// out[t * out_stride + r] = weights[r] · x[t] as simd/packed_matmul.h defines it; the same bits
  /// on every instruction set. Requires: x.group == group_of(x.rows).
  void (*multiply_packed)(const PackedRows& weights, const QuantizedRows& x, float* out,
                          std::size_t out_stride);

  void (*rms_norm)(const float* x, const float* weight, float epsilon, float* out, std::size_t n);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float epsilon,
                     float* out, std::size_t n);
  void (*softmax)(float* x, std::size_t n);
  void (*silu_mul)(const float* gate, const float* up, float* out, std::size_t n);
  void (*gelu_tanh_mul)(const float* gate, const float* up, float* out, std::size_t n);
  void (*silu)(float* x, std::size_t n);
  void (*gelu_tanh)(float* x, std::size_t n);
  void (*gelu_erf)(float* x, std::size_t n);
  void (*add)(const float* a, const float* b, float* out, std::size_t n);
  void (*scale)(float* x, float factor, std::size_t n);
  void (*softcap)(float* x, float cap, std::size_t n);
  /// One head: `half` pairs.
  void (*rope_halves)(float* head, const float* cosine, const float* sine, std::size_t half);

  /// Both as simd/attention.h and simd/kv_store.h define them; the same bits on every instruction
  /// set.
  void (*attend)(const AttentionItem& item);
  void (*store_kv)(const KvStoreItem& item);
};

/// Requires: cpu_supports(isa).
[[nodiscard]] const KernelTable& kernel_table(Isa isa);

// One per isa_*.cpp. A build for another processor family links no_x86.cpp or no_neon.cpp, whose
// tables are the portable one.
[[nodiscard]] const KernelTable& portable_table();
[[nodiscard]] const KernelTable& avx2_table();
[[nodiscard]] const KernelTable& avx512_table();
[[nodiscard]] const KernelTable& avx512vnni_table();
[[nodiscard]] const KernelTable& amx_table();
[[nodiscard]] const KernelTable& neon_table();
[[nodiscard]] const KernelTable& neon_i8mm_table();

}  // namespace croft

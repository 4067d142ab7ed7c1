#pragma once
/// The portable reference of every weight format (docs/formats/ggml_types.md).

#include <cstddef>

#include "base/tensor_type.h"

namespace croft {

/// Dequantizes `count` values, bit for bit as the format defines: every product and every sum is
/// rounded on its own.
///
/// Requires: count is a multiple of the type's block size; `source` holds row_bytes(type, count),
/// any alignment.
void dequantize_reference(TensorType type, const std::byte* source, std::size_t count, float* out);

/// The 16 levels of IQ4_NL and IQ4_XS.
inline constexpr signed char iq4_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};

}  // namespace croft

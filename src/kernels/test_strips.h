#pragma once
/// For tests of products with packed weights: random strips, in the file's layout and packed.

#include "kernels/packed_layout.h"
#include "kernels/test_support.h"

namespace croft::test {

struct Strips {
  PackedMatrix file;
  std::vector<std::byte> packed;
  PackedRows rows;  ///< views `packed`
};

inline Strips make_strips(TensorType type, std::size_t strips, std::size_t cols,
                          std::uint32_t seed) {
  Random random(seed);
  Strips out;
  out.file = random.matrix(type, strips * strip_rows, cols);
  const std::size_t strip_bytes = strip_rows * out.file.bytes_per_row();
  out.packed.resize(strips * strip_bytes);
  for (std::size_t s = 0; s < strips; ++s)
    pack_strip(type, cols, {out.file.row_data(s * strip_rows), strip_bytes},
               std::span(out.packed).subspan(s * strip_bytes, strip_bytes));
  out.rows = {type, out.packed.data(), strip_bytes, strips};
  return out;
}

}  // namespace croft::test

#include "router/gates/add_rows.h"

#include <algorithm>

#include "base/cpu.h"

namespace croft {
namespace {

// A row is fetched while the 8 before it are added: the table is larger than the nearer caches.
constexpr std::size_t rows_ahead = 8;
constexpr std::size_t cache_line_bytes = 64;

/// The compiler makes vector code of the inner loop, for the processor that its caller names.
[[gnu::always_inline]] inline void add_all(const std::int8_t* weights, std::size_t stride,
                                           std::span<const ScaledRow> rows,
                                           std::int32_t* __restrict sums) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + rows_ahead < rows.size()) {
      const std::int8_t* const later = weights + std::size_t{rows[i + rows_ahead].row} * stride;
      for (std::size_t j = 0; j < stride; j += cache_line_bytes) __builtin_prefetch(later + j);
    }
    const std::int8_t* const row = weights + std::size_t{rows[i].row} * stride;
    const std::int16_t multiplier = rows[i].multiplier;
    for (std::size_t j = 0; j < stride; j += intent_row_alignment)
      for (std::size_t k = 0; k < intent_row_alignment; ++k)
        sums[j + k] += static_cast<std::int16_t>(row[j + k]) * multiplier;
  }
}

using AddRows = void (*)(const std::int8_t*, std::size_t, std::span<const ScaledRow>,
                         std::int32_t*);

void add_rows_portable(const std::int8_t* weights, std::size_t stride,
                       std::span<const ScaledRow> rows, std::int32_t* sums) {
  add_all(weights, stride, rows, sums);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void add_rows_avx2(const std::int8_t* weights, std::size_t stride,
                                           std::span<const ScaledRow> rows, std::int32_t* sums) {
  add_all(weights, stride, rows, sums);
}

AddRows best() {
  return cpu_supports(Isa::Avx2) ? add_rows_avx2 : add_rows_portable;
}
#else
AddRows best() {
  return add_rows_portable;
}
#endif

}  // namespace

void add_rows(const std::int8_t* weights, std::size_t stride, std::span<const ScaledRow> rows,
              std::span<std::int32_t> sums) {
  static const AddRows function = best();
  std::ranges::fill(sums, 0);
  function(weights, stride, rows, sums.data());
}

}  // namespace croft

#pragma once
/// For tests of src/io only: io_test counts the memory taken by operator new
/// (memory_meter_test.cpp).

#include <cstddef>

namespace croft {

/// Bytes held now.
[[nodiscard]] std::size_t memory_held();
/// Forgets the past: the peak is what is held now.
void reset_memory_peak();
/// The most bytes held at one time since the last reset.
[[nodiscard]] std::size_t memory_peak();

}  // namespace croft

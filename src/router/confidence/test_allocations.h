#pragma once
/// For tests of src/router only: router_test counts its calls of operator new
/// (allocation_meter_test.cpp).

#include <cstddef>

namespace croft {

/// Calls of operator new by this thread since it began; always 0 under ThreadSanitizer.
[[nodiscard]] std::size_t allocations_so_far();

}  // namespace croft

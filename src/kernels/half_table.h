#pragma once
/// All 65536 binary16 values as float32, 256 KiB of read-only data.
///
/// A block's scale is then broadcast by a load, which leaves the two vector ports to the products:
/// converting it with instructions costs 3 of their slots, out of about 14 for 32 weights. A
/// model's scales span a few powers of two, so a few thousand entries are in use.

#include <array>

namespace croft {

extern const std::array<float, 65536> f16_values;

}  // namespace croft

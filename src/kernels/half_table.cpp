#include "kernels/half_table.h"

#include <cstdint>

#include "kernels/half.h"

namespace croft {
namespace {

constexpr std::array<float, 65536> make_f16_values() {
  std::array<float, 65536> values{};
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = f16_to_f32(static_cast<std::uint16_t>(i));
  return values;
}

}  // namespace

constinit const std::array<float, 65536> f16_values = make_f16_values();

}  // namespace croft

// Goal: the fast sum of rows is the plain one, to the bit, at the largest values too.
// Method: random rows of several widths against a loop in 64 bits.
#include "router/gates/add_rows.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace croft {
namespace {

TEST(AddRows, AgreesWithAPlainLoop) {
  std::mt19937 random(3);
  for (const std::size_t stride : {32u, 64u, 160u, 1024u})
    for (const std::size_t count : {0u, 1u, 2u, 9u, 500u, 8192u})
      for (const bool extreme : {false, true}) {
        constexpr std::size_t table_rows = 40;
        std::vector<std::int8_t> weights(table_rows * stride);
        for (auto& weight : weights)
          weight =
              static_cast<std::int8_t>(extreme ? -128 : static_cast<int>(random() % 256) - 128);
        std::vector<ScaledRow> rows(count);
        for (auto& row : rows)
          row = {.row = static_cast<std::uint32_t>(random() % table_rows),
                 .multiplier = static_cast<std::int16_t>(
                     extreme ? intent_multiplier_max : static_cast<int>(random() % 2048))};
        std::vector<std::int32_t> sums(stride, 77);
        add_rows(weights.data(), stride, rows, sums);
        for (std::size_t j = 0; j < stride; ++j) {
          std::int64_t expected = 0;
          for (const auto& [row, multiplier] : rows)
            expected += std::int64_t{weights[row * stride + j]} * multiplier;
          ASSERT_EQ(sums[j], expected) << stride << " " << count << " " << j;
        }
      }
}

}  // namespace
}  // namespace croft

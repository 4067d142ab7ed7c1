// Goal: edit_distance counts the fewest single-byte changes. Method: known pairs, and what holds of
// every distance.
#include "base/edit_distance.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace croft {
namespace {

TEST(EditDistanceTest, KnownPairs) {
  struct Case {
    std::string_view a;
    std::string_view b;
    std::size_t distance;
  };
  constexpr std::array cases = std::to_array<Case>({{"", "", 0},
                                                    {"", "abc", 3},
                                                    {"abc", "", 3},
                                                    {"same", "same", 0},
                                                    {"kitten", "sitting", 3},
                                                    {"upstream", "upstreams", 1},
                                                    {"form", "from", 2},
                                                    {"flaw", "lawn", 2},
                                                    {"\xc3\xa4", "a", 2}});
  for (const Case& each : cases) {
    SCOPED_TRACE(std::string(each.a) + " and " + std::string(each.b));
    EXPECT_EQ(edit_distance(each.a, each.b), each.distance);
    EXPECT_EQ(edit_distance(each.b, each.a), each.distance);
  }
}

}  // namespace
}  // namespace croft

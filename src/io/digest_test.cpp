// Goal: digests are XXH3's own and do not depend on threads. Method: published values of XXH3 with
// 64 bits; items around the piece's size with one, two and five threads; one changed bit.
#include "io/digest.h"

#include <gtest/gtest.h>

#include <string_view>

#include "base/limits.h"

namespace croft {
namespace {

std::uint64_t of_text(std::string_view text) {
  return xxh3_64(std::as_bytes(std::span(text)));
}

TEST(Digest, IsXxh3) {
  EXPECT_EQ(of_text(""), 0x2d06800538d394c2U);
  EXPECT_EQ(of_text("a"), 0xe6c632b61e964e1fU);
  EXPECT_EQ(of_text("abc"), 0x78af5f94892f3950U);
}

TEST(Digest, DoesNotDependOnThreadsAndSeesOneBit) {
  std::vector<std::vector<std::byte>> items;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, limits::MiB - 1, limits::MiB,
                                 limits::MiB + 1, 3 * limits::MiB + 5})
    items.emplace_back(size, std::byte{7});
  const std::vector<std::span<const std::byte>> views(items.begin(), items.end());
  ThreadPool one(1);
  const std::vector<std::uint64_t> expected = piecewise_digests(views, one);
  ASSERT_EQ(expected.size(), items.size());
  for (const std::size_t threads : {2U, 5U}) {
    ThreadPool pool(threads);
    EXPECT_EQ(piecewise_digests(views, pool), expected);
  }
  for (std::size_t i = 1; i < items.size(); ++i) {
    items[i].back() ^= std::byte{1};
    EXPECT_NE(piecewise_digests(views, one)[i], expected[i]) << items[i].size();
  }
}

}  // namespace
}  // namespace croft

#pragma once
/// For tests of src/io only: a GGUF file with one lie in it must be refused, with a message, and
/// cheaply.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string_view>
#include <vector>

#include "io/gguf.h"
#include "io/test_gguf.h"
#include "io/test_memory.h"

namespace croft {

inline constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
// One 4-bit block and one float row, as type numbers of the file.
inline constexpr std::uint32_t f32 = 0;
inline constexpr std::uint32_t q4_0 = 2;

/// Parses; gives the peak of memory taken meanwhile.
inline std::size_t peak_of_parse(const RawGguf& file, Result<GgufFile>& result) {
  const std::size_t before = memory_held();
  reset_memory_peak();
  result = GgufFile::parse(file.span());
  return memory_peak() - before;
}

inline void expect_refused(const RawGguf& file, ErrorCode code, std::string_view message_part) {
  Result<GgufFile> result;
  const std::size_t peak = peak_of_parse(file, result);
  ASSERT_FALSE(result) << "was accepted; expected: " << message_part;
  EXPECT_EQ(result.error().code, code) << result.error().to_string();
  EXPECT_THAT(result.error().message, testing::HasSubstr(message_part));
  EXPECT_NE(result.error().hint, "") << result.error().message;
  // A constant for the error's own text.
  EXPECT_LE(peak, 4 * file.bytes.size() + 4096);
}

inline void expect_corrupt(const RawGguf& file, std::string_view message_part) {
  expect_refused(file, ErrorCode::Corrupt, message_part);
}

inline RawGguf one_key(const std::function<void(RawGguf&)>& value) {
  RawGguf file;
  file.header(0, 1);
  value(file);
  return file;
}

inline RawGguf one_tensor(std::string_view name, const std::vector<std::uint64_t>& shape,
                          std::uint32_t type, std::uint64_t offset, std::size_t data_bytes) {
  return RawGguf().header(1, 0).tensor(name, shape, type, offset).data(data_bytes);
}

}  // namespace croft

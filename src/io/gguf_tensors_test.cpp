// Goal: no lie in a tensor record gets past the reader: sizes, offsets, alignment, types.
// Method: as gguf_test.cpp, and size arithmetic against 128-bit numbers (fixed seed).
#include "io/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>
#include <utility>

#include "base/limits.h"
#include "io/test_gguf_refused.h"

namespace croft {
namespace {

TEST(Gguf, G3_dims_product_overflow) {
  const auto int64_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::vector<std::vector<std::uint64_t>> shapes = {
      {4, (1ULL << 60) + 1},  // wraps to exactly 16 bytes
      {int64_max, 2, 1, 1},    {1ULL << 32, 1ULL << 32},
      {1ULL << 62, 4},         {1ULL << 31, 1ULL << 33},
      {32, u64_max},           {1ULL << 63, 2, 1, 1},
      {32, 1ULL << 59, 1, 32}, {1ULL << 16, 1ULL << 16, 1ULL << 16, 1ULL << 16},
  };
  for (const auto& shape : shapes) {
    const bool whole_blocks = shape[0] % 32 == 0;
    expect_corrupt(one_tensor("t", shape, f32, 0, 64), "exceeds 64 bits");
    if (whole_blocks) expect_corrupt(one_tensor("t", shape, q4_0, 0, 64), "exceeds 64 bits");
  }
}

TEST(Gguf, G3_sizes_agree_with_128_bit_arithmetic) {
  std::mt19937_64 random(20'260'731);
  const std::vector<std::uint32_t> types = {0, 1, 2, 8, 12, 14, 30};
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint64_t> shape(1 + random() % 4);
    for (std::uint64_t& size : shape) size = 1 + (random() >> (random() % 64));
    const TensorTypeTraits& type = *find_tensor_type(types[random() % types.size()]);
    if (random() % 2 == 0)
      shape[0] = shape[0] / type.block_size * type.block_size + type.block_size;
    unsigned __int128 elements = 1;
    bool wraps = shape[0] == 0;  // the rounding above
    for (const std::uint64_t size : shape) {
      elements *= size;
      if (elements > u64_max) {
        wraps = true;
        break;
      }
    }
    // 4 KiB of data: accepted exactly where the true size fits.
    const bool fits = !wraps && shape[0] % type.block_size == 0 &&
                      elements / type.block_size * type.block_bytes <= 4096;
    const RawGguf file = one_tensor("t", shape, static_cast<std::uint32_t>(type.type), 0, 4096);
    const auto result = GgufFile::parse(file.span());
    ASSERT_EQ(result.has_value(), fits) << testing::PrintToString(shape) << type.name;
    if (fits) {
      EXPECT_EQ(result->tensors[0].bytes.size(),
                static_cast<std::uint64_t>(elements / type.block_size * type.block_bytes));
    }
  }
}

TEST(Gguf, G4_offsets_and_sizes_near_the_end_of_64_bits) {
  for (std::uint64_t below = 1; below <= 96; ++below) {
    const RawGguf file = one_tensor("t", {8}, f32, u64_max - below + 1, 32);
    const auto result = GgufFile::parse(file.span());
    ASSERT_FALSE(result) << below;
    EXPECT_EQ(result.error().code, ErrorCode::Corrupt);
  }
  // A size of 2^64 - 32: whole, aligned, and wrapping as soon as anything is added to it.
  expect_corrupt(one_tensor("t", {(u64_max - 31) / 4}, f32, 0, 64), "outside the file");
  expect_corrupt(one_tensor("t", {(u64_max - 31) / 4}, f32, 32, 64), "outside the file");
}

TEST(Gguf, G5_alignment) {
  for (const std::uint32_t value : {8U, 16U, 32U, 64U, 4096U, 65'536U}) {
    const RawGguf file = RawGguf()
                             .header(1, 1)
                             .key("general.alignment", 4)
                             .put(value)
                             .tensor("t", {8}, f32, 0)
                             .data(32, value);
    const auto result = GgufFile::parse(file.span());
    ASSERT_TRUE(result) << value << result.error().to_string();
    EXPECT_EQ(result->alignment, value);
  }
  for (const std::uint32_t value : {0U, 1U, 2U, 4U, 7U, 24U, 33U, 131'072U, 1U << 31, ~0U}) {
    expect_corrupt(one_key([&](RawGguf& f) { f.key("general.alignment", 4).put(value); }),
                   "general.alignment");
  }
  const auto wrong_type = [](std::uint32_t type, auto value) {
    return one_key([&](RawGguf& f) { f.key("general.alignment", type).put(value); });
  };
  expect_corrupt(wrong_type(0, std::uint8_t{32}), "general.alignment");
  expect_corrupt(wrong_type(5, std::int32_t{32}), "general.alignment");
  expect_corrupt(wrong_type(6, 32.0F), "general.alignment");
  expect_corrupt(wrong_type(10, std::uint64_t{32}), "general.alignment");
  expect_corrupt(one_key([](RawGguf& f) { f.key("general.alignment", 8).text("32"); }),
                 "general.alignment");
  // An offset that the default would allow, but not the alignment that the file declares.
  expect_corrupt(RawGguf()
                     .header(1, 1)
                     .key("general.alignment", 4)
                     .put(64U)
                     .tensor("t", {8}, f32, 32)
                     .data(96, 64),
                 "no multiple of the alignment");
}

TEST(Gguf, G6_zero_dimension_and_dimension_counts) {
  for (std::size_t position = 0; position < 4; ++position) {
    std::vector<std::uint64_t> shape = {32, 2, 2, 2};
    shape[position] = 0;
    for (const std::uint32_t type : {f32, q4_0}) {
      expect_corrupt(one_tensor("t", shape, type, 0, 4096), "dimension of 0");
    }
  }
  expect_corrupt(one_tensor("t", {}, f32, 0, 64), "0 dimensions");
  expect_corrupt(one_tensor("t", {1, 1, 1, 1, 1}, f32, 0, 64), "5 dimensions");
  RawGguf many;
  many.header(1, 0).text("t").put(~0U).raw(std::string(64, 'x'));
  expect_corrupt(many, "4294967295 dimensions");
}

TEST(Gguf, G8_data_outside_the_file_or_shared) {
  expect_corrupt(one_tensor("t", {8}, f32, 0, 31), "outside the file");
  expect_corrupt(one_tensor("t", {8}, f32, 32, 63), "outside the file");
  expect_corrupt(one_tensor("t", {8}, f32, 1ULL << 40, 64), "outside the file");
  expect_corrupt(one_tensor("t", {1ULL << 40}, f32, 0, 64), "outside the file");
  expect_corrupt(one_tensor("t", {8}, f32, 16, 64), "no multiple of the alignment");
  RawGguf no_data;
  no_data.header(1, 0).tensor("t", {8}, f32, 0);  // ends before its data section begins
  expect_corrupt(no_data, "outside the file");
  const auto two = [](std::uint64_t left, std::uint64_t right) {
    return RawGguf()
        .header(2, 0)
        .tensor("a", {16}, f32, left)
        .tensor("b", {16}, f32, right)
        .data(256);
  };
  for (const auto& [left, right] : {std::pair(0U, 0U), {0U, 32U}, {32U, 0U}, {64U, 96U}}) {
    expect_corrupt(two(left, right), "overlaps");
  }
  for (const auto& [left, right] : {std::pair(0U, 64U), {64U, 0U}, {0U, 192U}}) {
    const RawGguf apart = two(left, right);
    EXPECT_TRUE(GgufFile::parse(apart.span())) << left << ' ' << right;
  }
}

TEST(Gguf, G8_bad_types_and_rows) {
  expect_refused(one_tensor("t", {256}, 17, 0, 4096), ErrorCode::Unsupported, "IQ2_XS");
  expect_refused(one_tensor("t", {32}, 39, 0, 4096), ErrorCode::Unsupported, "MXFP4");
  for (const std::uint32_t type : {4U, 5U, 31U, 99U, ~0U}) {
    expect_refused(one_tensor("t", {256}, type, 0, 4096), ErrorCode::Unsupported,
                   std::to_string(type));
  }
  expect_corrupt(one_tensor("t", {33}, q4_0, 0, 4096), "no multiple of the 32 in a block of Q4_0");
  expect_corrupt(one_tensor("t", {128, 2}, 12, 0, 4096),
                 "no multiple of the 256");  // by rows, not in all
}

}  // namespace
}  // namespace croft

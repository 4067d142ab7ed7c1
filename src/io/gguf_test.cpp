// Goal: a hostile GGUF file gets an error that names the fault, never a crash, an abort or a large
// allocation. Method: bytes built by hand with one lie each, named by threat (G1 to G11; tensors:
// gguf_tensors_test.cpp); a valid file cut at every byte; memory counted by the program's own
// operator new.
#include "io/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "base/limits.h"
#include "io/test_gguf_refused.h"

namespace croft {
namespace {

TEST(Gguf, SmallFileIsRead) {
  const RawGguf raw = small_gguf();
  const auto file = GgufFile::parse(raw.span());
  ASSERT_TRUE(file) << file.error().to_string();
  EXPECT_EQ(file->string("general.architecture"), "test");
  EXPECT_EQ(file->boolean("flag"), true);
  EXPECT_EQ((*file->strings("words"))->at(1), "bc");
  EXPECT_EQ((*file->numbers("scores"))->number(1), 1.5);
  EXPECT_EQ(file->number("large"), 0x1p63);
  const GgufTensor* first = file->find_tensor("first");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->shape, (std::vector<std::uint64_t>{2, 4}));  // the file's order reversed
  EXPECT_EQ(file->find_tensor("second")->bytes.size(), 34U);
  EXPECT_EQ(file->find_tensor("third"), nullptr);
  EXPECT_EQ(file->find("absent"), nullptr);
}

TEST(Gguf, VersionTwoIsReadAlike) {
  RawGguf raw = small_gguf();
  raw.bytes[4] = 2;
  const auto file = GgufFile::parse(raw.span());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->version, 2U);
}

TEST(Gguf, LookupsOfAnotherKindNameTheKey) {
  const RawGguf raw = small_gguf();
  const auto file = GgufFile::parse(raw.span());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->integer("flag").error().code, ErrorCode::Corrupt);
  EXPECT_EQ(file->integer("large").error().field, "large");  // over 63 bits
  EXPECT_FALSE(file->boolean("general.alignment"));
  EXPECT_FALSE(file->string("words"));
  EXPECT_FALSE(file->number("words"));
  EXPECT_FALSE(file->strings("scores"));
  EXPECT_FALSE(file->numbers("words"));
  EXPECT_EQ(file->integer("absent"), std::nullopt);
  EXPECT_EQ(file->strings("absent"), nullptr);
}

TEST(Gguf, MagicAndVersion) {
  expect_corrupt(RawGguf{""}, "magic");
  expect_corrupt(RawGguf{"<!DOCTYPE html><html></html>"}, "does not begin with GGUF");
  expect_corrupt(RawGguf().header(0, 0, 0), "version is 0");
  expect_refused(RawGguf().header(0, 0, 1), ErrorCode::Unsupported, "version 1");
  expect_refused(RawGguf().header(0, 0, 4), ErrorCode::Unsupported, "version 4");
  expect_refused(RawGguf().header(0, 0, 0x03000000), ErrorCode::Unsupported, "big-endian");
}

TEST(Gguf, G1_counts_beyond_the_file) {
  const std::vector<std::uint64_t> counts = {2, 1000, (1ULL << 32) - 1, 1ULL << 63, u64_max};
  for (const std::uint64_t count : counts) {
    expect_corrupt(RawGguf().header(count, 0), "tensor count");
    expect_corrupt(RawGguf().header(0, count), "metadata key count");
    for (const std::uint32_t type : {0U, 3U, 6U, 8U, 10U, 12U}) {
      expect_corrupt(one_key([&](RawGguf& f) { f.key("k", 9).put(type).put(count).raw("x"); }),
                     "array of");
    }
  }
  // Counts that wrap when multiplied by the size of an element.
  for (const std::uint64_t count : {(1ULL << 61) + 1, (1ULL << 62) + 1, (1ULL << 63) + 1}) {
    expect_corrupt(one_key([&](RawGguf& f) { f.key("k", 9).put(10U).put(count).text("xxxxxxxx"); }),
                   "array of");
  }
}

TEST(Gguf, G2_cut_short_at_every_byte) {
  const RawGguf whole = small_gguf();
  for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
    SCOPED_TRACE(size);
    const RawGguf cut{whole.bytes.substr(0, size)};
    Result<GgufFile> result;
    const std::size_t peak = peak_of_parse(cut, result);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Corrupt);
    EXPECT_NE(result.error().hint, "");
    EXPECT_LE(peak, 4 * size + 4096);
  }
}

TEST(Gguf, G2_string_length_around_the_remaining_bytes) {
  const auto with_length = [](std::uint64_t length) {
    return one_key([&](RawGguf& f) { f.key("k", 8).put(length).raw("four"); });
  };
  const RawGguf exact = with_length(4);
  EXPECT_TRUE(GgufFile::parse(exact.span()));
  const RawGguf shorter = with_length(3);
  EXPECT_TRUE(GgufFile::parse(shorter.span()));
  expect_refused(with_length(5), ErrorCode::Corrupt, "a metadata string");
  expect_refused(with_length(u64_max), ErrorCode::Corrupt, "a metadata string");
  expect_refused(with_length(u64_max - 7), ErrorCode::Corrupt, "a metadata string");
  expect_corrupt(one_key([](RawGguf& f) {
                   f.key("k", 9).put(8U).put<std::uint64_t>(2).text("a").put(u64_max);
                 }),
                 "a string of a metadata array");
}

TEST(Gguf, G7_keys_and_names) {
  expect_corrupt(one_key([](RawGguf& f) { f.key("", 4).put(1U).raw("x"); }), "key is empty");
  expect_corrupt(RawGguf().header(0, 2).key("k", 4).put(1U).key("k", 4).put(2U),
                 "\"k\" occurs twice");
  expect_corrupt(one_key([](RawGguf& f) {
                   f.key(std::string(limits::gguf_name_bytes_max + 1, 'k'), 4).put(1U);
                 }),
                 "more than the 65536 allowed");
  expect_corrupt(one_tensor("", {8}, f32, 0, 64), "name is empty");
  expect_corrupt(one_tensor(std::string(257, 't'), {8}, f32, 0, 64), "more than the 256 allowed");
  const RawGguf longest = one_tensor(std::string(256, 't'), {8}, f32, 0, 64);
  EXPECT_TRUE(GgufFile::parse(longest.span()));
  expect_corrupt(RawGguf().header(2, 0).tensor("t", {8}, f32, 0).tensor("t", {8}, f32, 32).data(64),
                 "tensor \"t\" occurs twice");
  // A name for a terminal to choke on comes out escaped.
  expect_corrupt(one_tensor("\x1b[2J", {0}, f32, 0, 64), "\"\\x1b[2J\"");
}

TEST(Gguf, G7_many_names_take_no_quadratic_time) {
  RawGguf file;
  constexpr std::uint64_t count = 60'000;
  file.header(0, count);
  for (std::uint64_t i = 0; i < count; ++i) file.key(std::to_string(i), 0).put<std::uint8_t>(0);
  Result<GgufFile> result;
  const std::size_t peak = peak_of_parse(file, result);
  ASSERT_TRUE(result);  // by pairs this would be 1.8 thousand million comparisons
  EXPECT_LE(peak, 4 * file.bytes.size());
  RawGguf too_many;
  too_many.header(0, limits::gguf_keys_max + 1)
      .raw(std::string(15 * (limits::gguf_keys_max + 1), 'x'));
  expect_refused(too_many, ErrorCode::TooLarge, "over 65536");
}

TEST(Gguf, G9_array_type_is_checked_by_the_reader_of_it) {
  const RawGguf raw =
      one_key([](RawGguf& f) { f.key("scores", 9).put(0U).put<std::uint64_t>(3).raw("\1\2\3"); });
  const auto file = GgufFile::parse(raw.span());
  ASSERT_TRUE(file);
  const auto numbers = file->numbers("scores");
  ASSERT_TRUE(numbers);
  // Bytes are read as bytes, whatever the caller would have liked: three values, not three floats
  // beyond the end.
  EXPECT_EQ((*numbers)->count, 3U);
  EXPECT_EQ((*numbers)->number(2), 3.0);
  expect_refused(one_key([](RawGguf& f) { f.key("k", 9).put(9U).put<std::uint64_t>(0); }),
                 ErrorCode::Unsupported, "array of arrays");
  expect_corrupt(one_key([](RawGguf& f) { f.key("k", 9).put(13U).put<std::uint64_t>(0); }),
                 "type 13");
  expect_corrupt(one_key([](RawGguf& f) { f.key("k", 13).put<std::uint64_t>(0); }), "type 13");
  expect_corrupt(one_key([](RawGguf& f) { f.key("k", 7).put<std::uint8_t>(2); }),
                 "neither 0 nor 1");
  expect_corrupt(
      one_key([](RawGguf& f) { f.key("k", 9).put(7U).put<std::uint64_t>(2).raw("\1\2"); }),
      "neither 0 nor 1");
}

TEST(Gguf, G10_failure_after_each_record_leaves_nothing) {
  const RawGguf whole = small_gguf();
  const std::size_t before = memory_held();
  for (std::size_t size = 0; size <= whole.bytes.size(); ++size) {
    const auto result = GgufFile::parse(whole.span().first(size));
  }
  EXPECT_EQ(memory_held(), before);
}

TEST(Gguf, G11_declared_terabytes_are_refused_before_any_memory_is_taken) {
  const std::uint64_t tera = 1ULL << 40;
  expect_corrupt(one_tensor("t", {tera}, f32, 0, 64), "outside the file");
  expect_corrupt(one_key([&](RawGguf& f) { f.key("k", 8).put(tera); }), "a metadata string");
  expect_corrupt(one_key([&](RawGguf& f) { f.key("k", 9).put(8U).put(tera); }), "array of");
  // The densest file there is: strings of no bytes, each eight bytes in the file.
  RawGguf dense;
  constexpr std::uint64_t count = 100'000;
  dense.header(0, 1).key("k", 9).put(8U).put(count).raw(std::string(8 * count, '\0'));
  Result<GgufFile> result;
  const std::size_t peak = peak_of_parse(dense, result);
  ASSERT_TRUE(result);
  EXPECT_LE(peak, 4 * dense.bytes.size());
  RawGguf tensors;
  constexpr std::uint64_t tensor_count = 20'000;
  tensors.header(tensor_count, 1).key("general.alignment", 4).put(8U);
  for (std::uint64_t i = 0; i < tensor_count; ++i) tensors.tensor(std::to_string(i), {1}, 1, i * 8);
  tensors.data(tensor_count * 8, 8);
  const std::size_t tensor_peak = peak_of_parse(tensors, result);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_LE(tensor_peak, 4 * tensors.bytes.size());
}

}  // namespace
}  // namespace croft

// Goal: what is written is read back as it was; a file is never half written; what the reader
// refuses is not written. Method: round trips through a temporary file, for every value type and
// every tensor type; a table of bad input.
#include "io/gguf_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/limits.h"
#include "io/mapped_file.h"
#include "io/test_folder.h"

namespace croft {
namespace {

constexpr std::array all_types = {
    TensorType::F32,  TensorType::F16,  TensorType::Q4_0, TensorType::Q4_1,   TensorType::Q5_0,
    TensorType::Q5_1, TensorType::Q8_0, TensorType::Q2_K, TensorType::Q3_K,   TensorType::Q4_K,
    TensorType::Q5_K, TensorType::Q6_K, TensorType::BF16, TensorType::IQ4_NL, TensorType::IQ4_XS,
};

/// A source over bytes that the caller keeps.
GgufTensorSource source(std::string name, TensorType type, std::vector<std::uint64_t> shape,
                        std::span<const std::byte> bytes) {
  return {std::move(name), type, std::move(shape), [bytes] { return bytes; }};
}

std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + 1);
  return bytes;
}

TEST(GgufWriterTest, EveryScalarTypeComesBack) {
  const TestFolder folder;
  GgufWriter writer;
  ASSERT_TRUE(writer.add_scalar<std::uint8_t>("u8", 255));
  ASSERT_TRUE(writer.add_scalar<std::int8_t>("i8", -128));
  ASSERT_TRUE(writer.add_scalar<std::uint16_t>("u16", 65'535));
  ASSERT_TRUE(writer.add_scalar<std::int16_t>("i16", -32'768));
  ASSERT_TRUE(writer.add_scalar<std::uint32_t>("u32", 4'294'967'295U));
  ASSERT_TRUE(writer.add_scalar<std::int32_t>("i32", std::numeric_limits<std::int32_t>::min()));
  ASSERT_TRUE(writer.add_scalar<std::uint64_t>("u64", std::numeric_limits<std::uint64_t>::max()));
  ASSERT_TRUE(writer.add_scalar<std::int64_t>("i64", std::numeric_limits<std::int64_t>::min()));
  ASSERT_TRUE(writer.add_scalar<float>("f32", 1e-5F));
  ASSERT_TRUE(writer.add_scalar<double>("f64", 1e-300));
  ASSERT_TRUE(writer.add_scalar<bool>("yes", true));
  ASSERT_TRUE(writer.add_scalar<bool>("no", false));
  ASSERT_TRUE(writer.add_string("text", std::string_view("a\0b\n", 4)));
  ASSERT_TRUE(writer.write(folder / "a.gguf"));

  const auto mapped = MappedFile::open(folder / "a.gguf");
  const auto file = GgufFile::parse(mapped->bytes());
  ASSERT_TRUE(file) << file.error().to_string();
  EXPECT_EQ(file->version, 3U);
  EXPECT_EQ(file->metadata.size(), 13U);
  EXPECT_EQ(file->metadata.front().first, "u8");
  EXPECT_EQ(file->integer("u8"), 255);
  EXPECT_EQ(file->integer("i8"), -128);
  EXPECT_EQ(file->integer("u16"), 65'535);
  EXPECT_EQ(file->integer("i16"), -32'768);
  EXPECT_EQ(file->integer("u32"), 4'294'967'295);
  EXPECT_EQ(file->integer("i32"), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(std::get<std::uint64_t>(file->find("u64")->data),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(file->integer("i64"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(file->number("f32"), static_cast<double>(1e-5F));
  EXPECT_EQ(file->number("f64"), 1e-300);
  EXPECT_EQ(file->boolean("yes"), true);
  EXPECT_EQ(file->boolean("no"), false);
  EXPECT_EQ(file->string("text"), std::string_view("a\0b\n", 4));
}

template <typename T>
void expect_numbers_come_back(const std::vector<T>& values) {
  const TestFolder folder;
  GgufWriter writer;
  ASSERT_TRUE(writer.add_numbers<T>("array", values));
  ASSERT_TRUE(writer.write(folder / "a.gguf"));
  const auto mapped = MappedFile::open(folder / "a.gguf");
  const auto file = GgufFile::parse(mapped->bytes());
  ASSERT_TRUE(file);
  const auto numbers = file->numbers("array");
  ASSERT_TRUE(numbers && *numbers != nullptr);
  EXPECT_EQ((*numbers)->type, gguf_type_of<T>());
  ASSERT_EQ((*numbers)->count, values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ((*numbers)->number(i), static_cast<double>(values[i]));
  }
}

TEST(GgufWriterTest, EveryArrayTypeComesBack) {
  expect_numbers_come_back<std::uint8_t>({0, 255});
  expect_numbers_come_back<std::int8_t>({-128, 127});
  expect_numbers_come_back<std::uint16_t>({0, 65'535});
  expect_numbers_come_back<std::int16_t>({-32'768, 32'767});
  expect_numbers_come_back<std::uint32_t>({0, 4'294'967'295U});
  expect_numbers_come_back<std::int32_t>({-7, 7});
  expect_numbers_come_back<std::uint64_t>({0, std::numeric_limits<std::uint64_t>::max()});
  expect_numbers_come_back<std::int64_t>({std::numeric_limits<std::int64_t>::min(), 1});
  expect_numbers_come_back<float>({-1.5F, 3e38F});
  expect_numbers_come_back<double>({-1e300, 0.1});
  expect_numbers_come_back<std::int32_t>({});
}

TEST(GgufWriterTest, NumbersAsIntegersTruncateAndSaturate) {
  const std::vector<double> values = {-1.9, 1.9, 1e300, -1e300,
                                      std::numeric_limits<double>::quiet_NaN()};
  const GgufNumbers numbers{GgufType::F64, values.size(), std::as_bytes(std::span(values))};
  EXPECT_EQ(numbers.integer(0), -1);
  EXPECT_EQ(numbers.integer(1), 1);
  EXPECT_EQ(numbers.integer(2), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(numbers.integer(3), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(numbers.integer(4), 0);
  const std::vector<std::uint64_t> large = {std::numeric_limits<std::uint64_t>::max()};
  EXPECT_EQ((GgufNumbers{GgufType::U64, 1, std::as_bytes(std::span(large))}).integer(0),
            std::numeric_limits<std::int64_t>::max());
}

TEST(GgufWriterTest, EveryTensorTypeComesBackAtEveryAlignment) {
  for (const std::uint32_t alignment : {8U, 32U, 4096U, 65'536U}) {
    const TestFolder folder;
    GgufWriter writer;
    if (alignment != 32) {
      ASSERT_TRUE(writer.add_scalar<std::uint32_t>("general.alignment", alignment));
    }
    std::vector<std::vector<std::byte>> contents;
    contents.reserve(all_types.size());
    for (const TensorType type : all_types) {
      contents.push_back(pattern(3 * row_bytes(type, 256).value()));
      ASSERT_TRUE(writer.add_tensor(
          source(std::string(traits(type).name), type, {3, 256}, contents.back())));
    }
    ASSERT_TRUE(writer.write(folder / "a.gguf"));
    const auto mapped = MappedFile::open(folder / "a.gguf");
    const auto file = GgufFile::parse(mapped->bytes());
    ASSERT_TRUE(file) << file.error().to_string();
    EXPECT_EQ(file->alignment, alignment);
    ASSERT_EQ(file->tensors.size(), all_types.size());
    for (std::size_t i = 0; i < all_types.size(); ++i) {
      const GgufTensor* tensor = file->find_tensor(traits(all_types[i]).name);
      ASSERT_EQ(tensor, &file->tensors[i]);
      EXPECT_EQ(tensor->type, all_types[i]);
      EXPECT_EQ(tensor->shape, (std::vector<std::uint64_t>{3, 256}));
      EXPECT_TRUE(std::ranges::equal(tensor->bytes, contents[i]));
      EXPECT_EQ((tensor->bytes.data() - mapped->bytes().data()) % alignment, 0);
    }
  }
}

TEST(GgufWriterTest, CopyOfAFileIsTheSameFile) {
  const TestFolder folder;
  GgufWriter writer;
  const std::vector<std::string> words = {"a", "", "ccc"};
  const std::vector<float> scores = {0.5F, -1};
  const auto bytes = pattern(2 * 3 * 4 * 5 * 4);
  ASSERT_TRUE(writer.add_strings("words", words));
  ASSERT_TRUE(writer.add_numbers<float>("scores", scores));
  ASSERT_TRUE(writer.add_scalar<float>("nan", std::numeric_limits<float>::quiet_NaN()));
  ASSERT_TRUE(writer.add_scalar<std::uint32_t>("general.alignment", 64));
  ASSERT_TRUE(writer.add_tensor(source("four", TensorType::F32, {2, 3, 4, 5}, bytes)));
  ASSERT_TRUE(writer.add_tensor(source("one", TensorType::F16, {3}, std::span(bytes).first(6))));
  ASSERT_TRUE(writer.write(folder / "first.gguf"));

  const auto first = MappedFile::open(folder / "first.gguf");
  const auto file = GgufFile::parse(first->bytes());
  ASSERT_TRUE(file) << file.error().to_string();
  EXPECT_EQ(file->tensors[0].shape, (std::vector<std::uint64_t>{2, 3, 4, 5}));
  EXPECT_EQ(file->tensors[0].rows(), 24U);
  EXPECT_EQ((*file->strings("words"))->at(2), "ccc");
  GgufWriter copy;
  for (const auto& [key, value] : file->metadata) ASSERT_TRUE(copy.add(key, value));
  for (const GgufTensor& tensor : file->tensors) {
    ASSERT_TRUE(
        copy.add_tensor(source(std::string(tensor.name), tensor.type, tensor.shape, tensor.bytes)));
  }
  ASSERT_TRUE(copy.write(folder / "second.gguf"));
  const auto second = MappedFile::open(folder / "second.gguf");
  EXPECT_TRUE(std::ranges::equal(first->bytes(), second->bytes()));
}

TEST(GgufWriterTest, BadInputIsRefusedAndNothingIsWritten) {
  GgufWriter writer;
  const auto bytes = pattern(64);
  const std::string long_key(limits::gguf_name_bytes_max + 1, 'k');
  const std::string long_name(limits::tensor_name_bytes_max + 1, 't');
  ASSERT_TRUE(writer.add_string("key", "value"));
  ASSERT_TRUE(writer.add_tensor(source("tensor", TensorType::F32, {16}, bytes)));
  EXPECT_FALSE(writer.add_string("key", "again"));
  EXPECT_FALSE(writer.add_string("", "value"));
  EXPECT_FALSE(writer.add_string(long_key, "value"));
  EXPECT_FALSE(writer.add("u8", {GgufType::U8, std::int64_t{256}}));
  EXPECT_FALSE(writer.add("i8", {GgufType::I8, std::int64_t{-129}}));
  EXPECT_FALSE(writer.add("f32", {GgufType::F32, 0.1}));  // no float is 0.1
  EXPECT_FALSE(writer.add("u32", {GgufType::U32, std::string_view("7")}));
  EXPECT_FALSE(writer.add("array", {GgufType::Array, GgufNumbers{GgufType::U32, 2, {}}}));
  for (const std::uint32_t alignment : {0U, 4U, 24U, 131'072U}) {
    EXPECT_FALSE(writer.add_scalar<std::uint32_t>("general.alignment", alignment));
  }
  EXPECT_FALSE(writer.add_scalar<std::uint64_t>("general.alignment", 32));
  EXPECT_FALSE(writer.add_tensor(source("tensor", TensorType::F32, {16}, bytes)));
  EXPECT_FALSE(writer.add_tensor(source("", TensorType::F32, {16}, bytes)));
  EXPECT_FALSE(writer.add_tensor(source(long_name, TensorType::F32, {16}, bytes)));
  EXPECT_FALSE(writer.add_tensor(source("none", TensorType::F32, {}, bytes)));
  EXPECT_FALSE(writer.add_tensor(source("five", TensorType::F32, {1, 1, 1, 1, 16}, bytes)));
  EXPECT_FALSE(writer.add_tensor(source("zero", TensorType::F32, {0, 16}, bytes)));
  EXPECT_FALSE(writer.add_tensor(source("row", TensorType::Q8_0, {33}, bytes)));
  EXPECT_FALSE(writer.add_tensor(source("wrap", TensorType::F32, {1ULL << 32, 1ULL << 32}, bytes)));

  const TestFolder folder;  // none of these left a trace
  ASSERT_TRUE(writer.write(folder / "a.gguf"));
  const auto mapped = MappedFile::open(folder / "a.gguf");
  const auto file = GgufFile::parse(mapped->bytes());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->metadata.size(), 1U);
  EXPECT_EQ(file->tensors.size(), 1U);
}

TEST(GgufWriterTest, FailingSourceLeavesNoFile) {
  const TestFolder folder;
  const auto bytes = pattern(64);
  for (const bool wrong_size : {true, false}) {
    GgufWriter writer;
    ASSERT_TRUE(writer.add_tensor(source("good", TensorType::F32, {16}, bytes)));
    GgufTensorSource bad = source("bad", TensorType::F32, {16}, std::span(bytes).first(60));
    if (!wrong_size) {
      bad.bytes = [] { return fail(ErrorCode::Cancelled, "stopped"); };
    }
    ASSERT_TRUE(writer.add_tensor(std::move(bad)));
    const auto result = writer.write(folder / "a.gguf");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, wrong_size ? ErrorCode::InvalidArgument : ErrorCode::Cancelled);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
}

}  // namespace
}  // namespace croft

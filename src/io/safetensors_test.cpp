// Goal: safetensors files and folders are read exactly, and a lie in a header or an index is named.
// Method: headers written as text over a few bytes of data; folders in a temporary place.
#include "io/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/limits.h"
#include "io/atomic_file.h"
#include "io/test_folder.h"
#include "io/test_memory.h"

namespace croft {
namespace {

using testing::HasSubstr;

std::string with_length(std::string_view header, std::uint64_t length, std::size_t data_bytes) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &length, 8);
  out += header;
  return out + std::string(data_bytes, 'd');
}

std::string safetensors(std::string_view header, std::size_t data_bytes) {
  return with_length(header, header.size(), data_bytes);
}

Result<SafetensorsFile> parse(const std::string& bytes) {
  return SafetensorsFile::parse(std::as_bytes(std::span(bytes)));
}

TEST(Safetensors, ReadsTensorsInTheOrderOfTheirData) {
  const std::string bytes = safetensors(
      R"({"__metadata__":{"format":"pt"},
          "c":{"dtype":"BF16","shape":[],"data_offsets":[44,46]},
          "b":{"dtype":"F16","shape":[3,2],"data_offsets":[24,36]},
          "ids":{"dtype":"I64","shape":[1],"data_offsets":[36,44]},
          "new":{"dtype":"F99","shape":[7],"data_offsets":[46,49]},
          "a":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}  )",
      49);
  const auto file = parse(bytes);
  ASSERT_TRUE(file) << file.error().to_string();
  ASSERT_EQ(file->tensors.size(), 3U);
  EXPECT_EQ(file->tensors[0].name, "a");
  EXPECT_EQ(file->tensors[0].type, TensorType::F32);
  EXPECT_EQ(file->tensors[0].rows(), 2U);
  EXPECT_EQ(file->tensors[0].cols(), 3U);
  EXPECT_EQ(file->tensors[1].type, TensorType::F16);
  EXPECT_EQ(file->tensors[1].bytes.size(), 12U);
  EXPECT_EQ(file->tensors[2].type, TensorType::BF16);
  EXPECT_TRUE(file->tensors[2].shape.empty());
  EXPECT_EQ(file->skipped, (std::vector<std::string>{"ids", "new"}));
}

TEST(Safetensors, EmptyHeaderIsAnEmptyFile) {
  const auto file = parse(safetensors("{}", 0));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->tensors.empty());
}

TEST(Safetensors, CutShortAtEveryByte) {
  const std::string whole =
      safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  ASSERT_TRUE(parse(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto file = parse(whole.substr(0, size));
    ASSERT_FALSE(file) << size;
    EXPECT_EQ(file.error().code, ErrorCode::Corrupt) << size;
    EXPECT_NE(file.error().hint, "") << size;
  }
}

TEST(Safetensors, HeaderLengthIsCheckedBeforeMemoryIsTaken) {
  constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
  const std::vector<std::uint64_t> lengths = {
      3, 1ULL << 40, limits::safetensors_header_bytes_max + 1, 1ULL << 63, u64_max - 7, u64_max};
  for (const std::uint64_t length : lengths) {
    const std::string bytes = with_length("{}", length, 0);
    const std::size_t before = memory_held();
    reset_memory_peak();
    const auto file = parse(bytes);
    ASSERT_FALSE(file) << length;
    EXPECT_EQ(file.error().code, ErrorCode::Corrupt);
    EXPECT_LE(memory_peak() - before, 4096U);
  }
}

TEST(Safetensors, BadHeaders) {
  struct Case {
    std::string_view header;
    std::string_view message_part;
  };
  const std::vector<Case> cases = {
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"[]", "no JSON object"},
      {"{} x", "not valid JSON"},
      {"\xff\xfe", "not valid JSON"},
      {R"({"a":[[[[1]]]]})", "not valid JSON"},
      {R"({"__metadata__":3})", "no JSON object"},
      {R"({"a":3})", "no dtype"},
      {R"({"a":{"shape":[2],"data_offsets":[0,8]}})", "no dtype"},
      {R"({"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}})", "no dtype"},
      {R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", "no shape"},
      {R"({"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", "no shape"},
      {R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "no shape"},
      {R"({"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}})", "no shape"},
      {R"({"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}})", "no shape"},
      {R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}})", "no shape"},
      {R"({"a":{"dtype":"F32","shape":[2]}})", "no pair of data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", "no pair of data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}})", "no pair of data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", "no pair of data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "empty or outside"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}})", "empty or outside"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,18446744073709551615]}})",
       "empty or outside"},
      {R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", "empty or outside"},
      {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "do not match its shape"},
      {R"({"a":{"dtype":"I64","shape":[2],"data_offsets":[0,8]}})", "do not match its shape"},
      {R"({"a":{"dtype":"F4","shape":[3],"data_offsets":[0,8]}})", "do not match its shape"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387906,1],"data_offsets":[0,8]}})",
       "do not match its shape"},
      // 2^59 + 2 elements of 32 bits: 64 bits more than 2^64, which wrap to exactly 8 bytes.
      {R"({"a":{"dtype":"F32","shape":[576460752303423490],"data_offsets":[0,8]}})",
       "do not match its shape"},
      {R"({"a":{"dtype":"F32","shape":[0,4611686018427387904,8],"data_offsets":[0,8]}})",
       "do not match its shape"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "4 bytes at the end"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "a hole of 4 bytes"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       "overlaps"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
       "overlaps"},
      {R"({"":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "empty name"},
  };
  for (const Case& c : cases) {
    const auto file = parse(safetensors(c.header, 8));
    ASSERT_FALSE(file) << c.header;
    EXPECT_EQ(file.error().code, ErrorCode::Corrupt) << c.header;
    EXPECT_THAT(file.error().message, HasSubstr(c.message_part)) << c.header;
    EXPECT_NE(file.error().hint, "");
  }
}

class SafetensorsFolderTest : public testing::Test {
 protected:
  void write(std::string_view name, std::string_view text) {
    ASSERT_TRUE(write_file_atomically(folder_ / name, text));
  }
  void write_shard(std::string_view name, std::string_view tensor) {
    write(name, safetensors(R"({")" + std::string(tensor) +
                                R"(":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                            8));
  }
  void write_index(std::string_view weight_map) {
    write("model.safetensors.index.json",
          R"({"metadata":{"total_size":16},"weight_map":)" + std::string(weight_map) + "}");
  }
  Result<SafetensorsFolder> open() const { return SafetensorsFolder::open(folder_.path()); }
  void expect_corrupt(std::string_view message_part) const {
    const auto folder = open();
    ASSERT_FALSE(folder);
    EXPECT_EQ(folder.error().code, ErrorCode::Corrupt) << folder.error().to_string();
    EXPECT_THAT(folder.error().message, HasSubstr(message_part));
  }
  TestFolder folder_;
};

TEST_F(SafetensorsFolderTest, OneFile) {
  write_shard("model.safetensors", "a");
  auto folder = open();
  ASSERT_TRUE(folder);
  const SafetensorsFolder moved = *std::move(folder);  // views survive a move
  ASSERT_NE(moved.find("a"), nullptr);
  EXPECT_EQ(std::to_integer<char>(moved.find("a")->bytes[7]), 'd');
  EXPECT_EQ(moved.find("b"), nullptr);
}

TEST_F(SafetensorsFolderTest, TwoShards) {
  write_shard("model-00001-of-00002.safetensors", "a");
  write_shard("model-00002-of-00002.safetensors", "b");
  write_index(R"({"b":"model-00002-of-00002.safetensors","a":"model-00001-of-00002.safetensors"})");
  const auto folder = open();
  ASSERT_TRUE(folder) << folder.error().to_string();
  EXPECT_EQ(folder->tensors().size(), 2U);
  EXPECT_NE(folder->find("a"), nullptr);
  EXPECT_NE(folder->find("b"), nullptr);
}

TEST_F(SafetensorsFolderTest, NothingThere) {
  EXPECT_EQ(open().error().code, ErrorCode::NotFound);
  EXPECT_EQ(SafetensorsFolder::open(folder_ / "absent").error().code, ErrorCode::NotFound);
}

TEST_F(SafetensorsFolderTest, DamagedFileIsNamed) {
  write("model.safetensors", "short");
  expect_corrupt("model.safetensors: ");
}

TEST_F(SafetensorsFolderTest, S5_index_names_a_path_outside) {
  write_shard("a.safetensors", "a");
  for (const std::string_view shard :
       {"../a.safetensors", "/etc/a.safetensors", "sub/a.safetensors", "..", ".safetensors", "",
        "a.safetensors\\u0000", "a.safetensors/", "..\\\\a.safetensors", "a.bin"}) {
    write_index(R"({"a":")" + std::string(shard) + R"("})");
    expect_corrupt("no plain name");
  }
  write_index(R"({"a":3})");
  expect_corrupt("no plain name");
}

TEST_F(SafetensorsFolderTest, IndexThatLies) {
  write_index("3");
  expect_corrupt("no weight_map");
  write_index("{}");
  expect_corrupt("names no tensor");
  write("model.safetensors.index.json", "{");
  expect_corrupt("cannot be read");
  write_index(R"({"a":"a.safetensors"})");
  expect_corrupt("\"a.safetensors\", which is missing");
  write_shard("a.safetensors", "other");
  expect_corrupt("promises tensor \"a\"");
  write_shard("a.safetensors", "a");
  ASSERT_TRUE(open());
  write("b.safetensors", safetensors(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                        "b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                     8));
  write_index(R"({"a":"a.safetensors","b":"b.safetensors"})");
  expect_corrupt("\"a\" is in two shards");
}

}  // namespace
}  // namespace croft

// Goal: a model file that was damaged, cut or written by somebody else is refused with the reason,
// never read past its end; the one in the program is intact. Method: a small trained model; change
// its header, its tables, its checksum and its length.
#include "router/privacy/names/name_model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "io/digest.h"
#include "router/privacy/names/name_test_model.h"

namespace croft::privacy {
namespace {

using testing::HasSubstr;

constexpr std::size_t kHeaderBegin = 16;

const std::vector<std::byte>& good() {
  static const std::vector<std::byte> bytes = name_model_bytes(test_model_data());
  return bytes;
}

std::size_t header_bytes() {
  std::uint32_t bytes = 0;
  std::memcpy(&bytes, good().data() + 12, sizeof bytes);
  return bytes;
}

json::object header() {
  return parse_json({reinterpret_cast<const char*>(good().data()) + kHeaderBegin, header_bytes()},
                    "header")
      ->as_object();
}

void sign(std::vector<std::byte>& file) {
  const std::uint64_t digest = xxh3_64(std::span(file).first(file.size() - 8));
  std::memcpy(file.data() + file.size() - 8, &digest, sizeof digest);
}

/// The good file with another header, its length and checksum right.
std::vector<std::byte> with_header(const std::string& text) {
  std::vector<std::byte> file(good().begin(), good().begin() + kHeaderBegin);
  const auto bytes = static_cast<std::uint32_t>(text.size());
  std::memcpy(file.data() + 12, &bytes, sizeof bytes);
  for (const char c : text) file.push_back(static_cast<std::byte>(c));
  file.insert(file.end(),
              good().begin() + static_cast<std::ptrdiff_t>(kHeaderBegin + header_bytes()),
              good().end());
  sign(file);
  return file;
}

std::string refusal(const std::vector<std::byte>& file) {
  const auto read = parse_name_model(file, "a.model");
  if (read) return "was accepted";
  EXPECT_FALSE(read.error().hint.empty());
  return read.error().message;
}

TEST(NameModelFile, ReadsWhatItWrote) {
  const auto read = parse_name_model(good(), "a.model");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->weights, test_model_data().weights);
  EXPECT_EQ(read->transitions, test_model_data().transitions);
  EXPECT_EQ(read->list_slots, test_model_data().list_slots);
  EXPECT_EQ(name_model_bytes(*read), good());
}

TEST(NameModelFile, EveryCutAndEveryFlippedByteIsRefused) {
  for (std::size_t size = 0; size < good().size(); size += size < 200 ? 1 : 997)
    EXPECT_NE(refusal({good().begin(), good().begin() + static_cast<std::ptrdiff_t>(size)}),
              "was accepted");
  for (std::size_t at = 0; at < good().size(); at += at < 200 ? 1 : 997) {
    std::vector<std::byte> file = good();
    file[at] ^= std::byte{0x10};
    EXPECT_NE(refusal(file), "was accepted") << at;
  }
}

TEST(NameModelFile, OtherVersion) {
  std::vector<std::byte> file = good();
  file[8] = std::byte{2};
  const auto read = parse_name_model(file, "a.model");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::Unsupported);
}

TEST(NameModelFile, HostileHeaders) {
  const struct {
    std::string_view key;
    std::string_view value;
    std::string_view says;
  } cases[] = {{"bucket_bits", "40", "`bucket_bits`"}, {"bucket_bits", "5", "tables from byte"},
               {"bucket_bits", "-1", "`bucket_bits`"}, {"list_slots", "3", "no power of two"},
               {"list_slots", "0", "`list_slots`"},    {"list_slots", "1048576", "tables from"},
               {"outside_penalty", "1e9", "`outside"}, {"types", "[]", "`types`"},
               {"types", "[\"PERSON\"]", "`types`"},   {"types", "7", "`types`"}};
  for (const auto& [key, value, says] : cases) {
    json::object changed = header();
    changed[key] = *parse_json(value, "value");
    EXPECT_THAT(refusal(with_header(json::serialize(changed))), HasSubstr(says)) << key << value;
  }
  for (const std::string_view text : {"", "{", "[]", "null", "\xFF"})
    EXPECT_NE(refusal(with_header(std::string(text))), "was accepted") << text;
}

TEST(NameModelFile, HostileTables) {
  std::vector<std::byte> file = good();
  const std::size_t tables = kHeaderBegin + header_bytes();
  const std::int16_t large = 30'000;
  std::memcpy(file.data() + tables, &large, sizeof large);
  sign(file);
  EXPECT_THAT(refusal(file), HasSubstr("transition 0"));
  file = good();
  const std::size_t slots = tables + sizeof(NameModelData::transitions);
  std::memset(file.data() + slots, 1, test_model_data().list_slots.size() * 4);
  sign(file);
  EXPECT_THAT(refusal(file), HasSubstr("no free slot"));
}

TEST(NameModelFile, TheProgramsOwnIsIntact) {
  const auto read = parse_name_model(default_name_model_bytes(), "default");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_LE(default_name_model_bytes().size(), 1536u * 1024);
  EXPECT_TRUE(read->report.contains("folder_xxh3"));
}

}  // namespace
}  // namespace croft::privacy

// Goal: a model file that was damaged, cut or written by somebody else is refused with the reason,
// never read past its end. Method: a small trained model; change its header, its tables, its
// checksum and its length.
#include "router/gates/intent_model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "io/digest.h"
#include "router/gates/intent_test_rows.h"
#include "router/gates/intent_trainer.h"

namespace croft {
namespace {

using testing::HasSubstr;

constexpr std::size_t header_begin = 16;

class IntentModelFile : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto training = train_intents(sample_intent_rows(), {});
    ASSERT_TRUE(training);
    good_ = new std::vector<std::byte>(intent_model_bytes(training->data));
  }
  static void TearDownTestSuite() { delete good_; }

  static std::size_t header_bytes() {
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, good_->data() + 12, sizeof bytes);
    return bytes;
  }
  static json::object header() {
    return parse_json({reinterpret_cast<const char*>(good_->data()) + header_begin, header_bytes()},
                      "header")
        ->as_object();
  }
  static void sign(std::vector<std::byte>& file) {
    const std::uint64_t digest = xxh3_64(std::span(file).first(file.size() - 8));
    std::memcpy(file.data() + file.size() - 8, &digest, sizeof digest);
  }
  /// The good file with another header, its length and checksum right.
  static std::vector<std::byte> with_header(const std::string& text) {
    std::vector<std::byte> file(good_->begin(), good_->begin() + header_begin);
    const auto bytes = static_cast<std::uint32_t>(text.size());
    std::memcpy(file.data() + 12, &bytes, sizeof bytes);
    for (const char c : text) file.push_back(static_cast<std::byte>(c));
    file.insert(file.end(),
                good_->begin() + static_cast<std::ptrdiff_t>(header_begin + header_bytes()),
                good_->end());
    sign(file);
    return file;
  }
  static std::string refusal(const std::vector<std::byte>& file) {
    const auto read = parse_intent_model(file, "a.intents");
    if (read) return "was accepted";
    EXPECT_FALSE(read.error().hint.empty());
    return read.error().message;
  }

  static const std::vector<std::byte>* good_;
};
const std::vector<std::byte>* IntentModelFile::good_ = nullptr;

TEST_F(IntentModelFile, EveryCutAndEveryFlippedByteIsRefused) {
  ASSERT_TRUE(parse_intent_model(*good_, "a.intents"));
  for (std::size_t size = 0; size < good_->size(); size += size < 200 ? 1 : 997)
    EXPECT_NE(refusal({good_->begin(), good_->begin() + static_cast<std::ptrdiff_t>(size)}),
              "was accepted");
  for (std::size_t at = 0; at < good_->size(); at += at < 200 ? 1 : 997) {
    std::vector<std::byte> file = *good_;
    file[at] ^= std::byte{0x10};
    EXPECT_NE(refusal(file), "was accepted") << at;
  }
  std::vector<std::byte> longer = *good_;
  longer.push_back(std::byte{0});
  EXPECT_THAT(refusal(longer), HasSubstr("checksum"));
}

TEST_F(IntentModelFile, OtherVersion) {
  std::vector<std::byte> file = *good_;
  file[8] = std::byte{2};
  const auto read = parse_intent_model(file, "a.intents");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::Unsupported);
  EXPECT_THAT(read.error().message, HasSubstr("version 2"));
}

TEST_F(IntentModelFile, HostileHeaders) {
  EXPECT_TRUE(parse_intent_model(with_header(json::serialize(header())), "a.intents"));
  const struct {
    std::string_view path;  ///< JSON pointer
    std::string_view value;
    std::string_view says;
  } cases[] = {
      {"/rows", "0", "tables from byte"},
      {"/rows", "9000000000", "`rows`"},
      {"/rows", "-1", "`rows`"},
      {"/rows", "\"5\"", "`rows`"},
      {"/labels", "[]", "0 labels"},
      {"/labels", "[\"a\"]", "1 labels"},
      {"/labels", "[\"a\",\"b\",\"c\",\"a\"]", "occurs twice"},
      {"/labels", "[\"a\",\"b\",\"c\",\"\"]", "label 3"},
      {"/labels", "[\"a\",\"b\",\"c\",4]", "label 3"},
      {"/labels", "{}", "`labels`"},
      {"/features", "null", "`features`"},
      {"/features/bucket_bits", "40", "`bucket_bits`"},
      {"/features/bucket_bits", "12", "bucket"},
      {"/features/gram_min", "0", "`gram_min`"},
      {"/features/gram_max", "1", "`gram_max`"},
      {"/features/head_bytes", "4096", "features of one text"},
      {"/calibration", "[]", "`slope`"},
      {"/calibration/slope", "-1", "`slope`"},
      {"/calibration/confidence_min", "1e300", "`confidence_min`"},
      {"/idf_unseen", "-1", "`idf_unseen`"},
  };
  for (const auto& [path, value, says] : cases) {
    json::value changed = header();
    boost::system::error_code error;
    *changed.find_pointer(path, error) = *parse_json(value, "value");
    EXPECT_THAT(refusal(with_header(json::serialize(changed))), HasSubstr(says)) << path;
  }
  for (const std::string_view text : {"", "{", "[]", "null", "\xFF"})
    EXPECT_NE(refusal(with_header(std::string(text))), "was accepted") << text;
}

TEST_F(IntentModelFile, HostileTables) {
  // After the header: 4 biases, then buckets.
  const std::size_t biases = header_begin + header_bytes();
  const std::size_t buckets = biases + 4 * sizeof(float);
  const auto changed = [&](std::size_t at, const auto& value) {
    std::vector<std::byte> file = *good_;
    std::memcpy(file.data() + at, &value, sizeof value);
    sign(file);
    return refusal(file);
  };
  EXPECT_THAT(changed(biases, std::numeric_limits<float>::quiet_NaN()), HasSubstr("bias 0"));
  EXPECT_THAT(changed(biases + 4, std::numeric_limits<float>::infinity()), HasSubstr("bias 1"));
  EXPECT_THAT(changed(buckets + 4, std::uint32_t{0}), HasSubstr("bucket 1"));
  EXPECT_THAT(changed(buckets, std::uint32_t{1u << 31}), HasSubstr("bucket 0"));
  const auto rows = static_cast<std::size_t>(header()["rows"].as_int64());
  EXPECT_THAT(changed(buckets + rows * 4, -1.0f), HasSubstr("idf 0"));
  EXPECT_THAT(changed(buckets + rows * 8, -1.0f), HasSubstr("scale 0"));
}

}  // namespace
}  // namespace croft

// Goal: tokenizer metadata that lies is an error that names the key (G13 to G16), and never a bad
// index. Method: a small valid file of each kind with one key changed, written, read back and
// turned into a tokenizer.

#include <unistd.h>

#include "io/gguf_writer.h"
#include "text/sample_tokenizers.h"
#include "text/test_support.h"

namespace croft {
namespace {

using namespace testing_support;

/// The tokenizer keys of a small file; a test changes one before it opens the file.
struct Metadata {
  std::string model = "llama";
  std::string pre = "gpt-2";
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>", "\u2581", "a", "b", "ab", "<0x41>"};
  std::vector<std::int32_t> types = {2, 3, 3, 1, 1, 1, 1, 6};
  std::vector<float> scores = {0, 0, 0, -1, -2, -3, -0.5, 0};
  std::vector<std::string> merges = {"a b"};
  std::vector<std::pair<std::string, std::int32_t>> ids = {};

  void resize(std::size_t count) {
    tokens.resize(count);
    types.resize(count);
    scores.resize(count);
  }

  [[nodiscard]] Result<std::unique_ptr<Tokenizer>> open() const {
    GgufWriter writer;
    unwrap(writer.add_string("tokenizer.ggml.model", model));
    unwrap(writer.add_string("tokenizer.ggml.pre", pre));
    unwrap(writer.add_strings("tokenizer.ggml.tokens", tokens));
    unwrap(writer.add_numbers<std::int32_t>("tokenizer.ggml.token_type", types));
    unwrap(writer.add_numbers<float>("tokenizer.ggml.scores", scores));
    unwrap(writer.add_strings("tokenizer.ggml.merges", merges));
    for (const auto& [key, id] : ids) {
      unwrap(writer.add_scalar<std::int32_t>("tokenizer.ggml." + key, id));
    }
    const auto path = std::filesystem::path(testing::TempDir()) /
                      ("croft-tokenizer-" + std::to_string(::getpid()) + ".gguf");
    unwrap(writer.write(path));
    const MappedFile mapped = unwrap(MappedFile::open(path));
    std::filesystem::remove(path);
    const GgufFile file = unwrap(GgufFile::parse(mapped.bytes()));
    return tokenizer_from_gguf(file);
  }

 private:
  static void unwrap(Result<void> result) {
    if (!result) throw std::runtime_error(result.error().to_string());
  }
  template <typename T>
  static T unwrap(Result<T> result) {
    return testing_support::unwrap(std::move(result));
  }
};

void expect_corrupt(const Metadata& metadata, std::string_view key) {
  const auto tokenizer = metadata.open();
  ASSERT_FALSE(tokenizer.has_value()) << key;
  EXPECT_EQ(tokenizer.error().code, ErrorCode::Corrupt) << tokenizer.error().to_string();
  EXPECT_THAT(tokenizer.error().message, testing::HasSubstr(key));
}

constexpr const char* all_kinds[] = {"gpt2", "llama", "t5", "bert"};

TEST(HostileMetadata, G13SpecialIdOutsideTheVocabulary) {
  const std::int32_t size = static_cast<std::int32_t>(Metadata{}.tokens.size());
  for (const char* key : {"bos_token_id", "eos_token_id", "eot_token_id", "eom_token_id"}) {
    for (const std::int32_t id : {size, size + 1, -1, INT32_MAX, INT32_MIN}) {
      Metadata metadata;
      metadata.ids = {{key, id}};
      expect_corrupt(metadata, std::string("tokenizer.ggml.").append(key));
    }
  }
  for (const char* key : {"cls_token_id", "seperator_token_id", "unknown_token_id"}) {
    Metadata metadata{.model = "bert"};
    metadata.ids = {{key, size}};
    expect_corrupt(metadata, std::string("tokenizer.ggml.").append(key));
  }
}

TEST(HostileMetadata, G14MalformedByteTokens) {
  for (const char* piece : {"<0x-1>", "<0x>", "<0x1>", "<0x100>", "<0xGG>", "0x41", "", "<0x 1>"}) {
    Metadata metadata;
    metadata.tokens[7] = piece;
    expect_corrupt(metadata, "tokenizer.ggml.tokens");
  }
}

TEST(HostileMetadata, G15TinyVocabularies) {
  for (const char* model : all_kinds) {
    Metadata metadata{.model = model};
    for (const std::size_t count : {1u, 2u}) {
      metadata.resize(count);
      const auto tokenizer = metadata.open();
      ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().to_string();
      for (const TokenId id : (*tokenizer)->encode("ab \u00e9 \xff", {})) {
        EXPECT_LT(static_cast<std::size_t>(id), count);
      }
    }
    metadata.resize(0);
    expect_corrupt(metadata, "tokenizer.ggml.tokens");
  }
}

TEST(HostileMetadata, G15LongPieces) {
  for (const char* model : all_kinds) {
    Metadata metadata{.model = model};
    metadata.tokens[4] = std::string(limits::token_bytes_max, 'a');
    EXPECT_TRUE(metadata.open().has_value());
    metadata.tokens[4] += 'a';
    expect_corrupt(metadata, "tokenizer.ggml.tokens");
  }
}

TEST(HostileMetadata, G16ResultsGrowWithTheTextOnly) {
  // No count of ids is ever held in 32 bits: the result is a vector. One token a byte is the most
  // there is.
  const auto tokenizer = unwrap(Metadata{}.open());
  const std::string text(100'000, '\x41');
  EXPECT_LE(tokenizer->encode(text, {}).size(), text.size() + 2);
}

TEST(HostileMetadata, ArraysOfDifferentLengths) {
  Metadata metadata;
  metadata.types.pop_back();
  expect_corrupt(metadata, "tokenizer.ggml.token_type");
  metadata = {};
  metadata.scores.push_back(0);
  expect_corrupt(metadata, "tokenizer.ggml.scores");
  metadata = {};
  metadata.types[0] = 7;
  expect_corrupt(metadata, "tokenizer.ggml.token_type");
}

TEST(HostileMetadata, MergesAndNames) {
  for (const char* merge : {"ab", "", "a ", " b"}) {
    Metadata metadata{.model = "gpt2"};
    metadata.merges = {merge};
    expect_corrupt(metadata, "tokenizer.ggml.merges");
  }
  const auto pre = Metadata{.model = "gpt2", .pre = "nonsense"}.open();
  ASSERT_FALSE(pre.has_value());
  EXPECT_EQ(pre.error().code, ErrorCode::Unsupported);
  EXPECT_THAT(pre.error().hint, testing::HasSubstr("llama-bpe"));
  const auto model = Metadata{.model = "nonsense"}.open();
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().code, ErrorCode::Unsupported);
}

}  // namespace
}  // namespace croft

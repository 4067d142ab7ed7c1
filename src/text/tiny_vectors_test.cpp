// Goal: a model gives the same ids whether it came as a Hugging Face folder or as GGUF. Method: the
// recorded strings of every tiny model through both readers, and of MiniLM's folder. Where
// transformers and llama.cpp differ (NFC, prefix spaces), each reader follows its own reference.

#include <cstdlib>

#include "text/test_support.h"

namespace croft {
namespace {

namespace fs = std::filesystem;
using namespace testing_support;

std::vector<std::string> tiny_models() {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(golden() / "tiny", missing)) {
    if (fs::exists(entry.path() / "expected.json")) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

class TinyModel : public testing::TestWithParam<std::string> {};

TEST_P(TinyModel, FolderGivesTransformersIds) {
  const fs::path folder = golden() / "tiny" / GetParam();
  const auto tokenizer = unwrap(tokenizer_from_folder(folder));
  const json::value expected = read_json(folder / "expected.json");
  for (const json::value& row : expected.at("tokenization").as_array()) {
    const std::string text(row.at("text").as_string());
    const EncodeOptions plain{.add_special = false, .parse_special = true};
    EXPECT_EQ(tokenizer->encode(text, plain), ids_of(row.at("ids"))) << text;
    EXPECT_EQ(tokenizer->encode(text, {.parse_special = true}), ids_of(row.at("ids_with_special")))
        << text;
    EXPECT_EQ(tokenizer->decode(ids_of(row.at("ids")), true), row.at("decoded").as_string());
  }
}

TEST_P(TinyModel, GgufGivesLlamaCppIds) {
  const fs::path folder = golden() / "tiny" / GetParam();
  const auto tokenizer = open_gguf(folder / "model.gguf");
  const json::value expected = read_json(folder / "expected.json");
  for (const json::value& row : expected.at("tokenization").as_array()) {
    const std::string text(row.at("text").as_string());
    const json::value* own = find(row, "llama_cpp_ids");
    const json::value* own_special = find(row, "llama_cpp_ids_with_special");
    const EncodeOptions plain{.add_special = false, .parse_special = true};
    EXPECT_EQ(tokenizer->encode(text, plain), ids_of(own ? *own : row.at("ids"))) << text;
    EXPECT_EQ(tokenizer->encode(text, {.parse_special = true}),
              ids_of(own_special ? *own_special : row.at("ids_with_special")))
        << text;
  }
}

TEST_P(TinyModel, BothReadersAgreeOnEnds) {
  const fs::path folder = golden() / "tiny" / GetParam();
  const auto from_folder = unwrap(tokenizer_from_folder(folder));
  const auto from_gguf = open_gguf(folder / "model.gguf");
  EXPECT_EQ(from_folder->adds_bos(), from_gguf->adds_bos());
  EXPECT_EQ(from_folder->eos(), from_gguf->eos());
  EXPECT_THAT(from_folder->end_tokens(), testing::ElementsAreArray(from_gguf->end_tokens()));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TinyModel);
INSTANTIATE_TEST_SUITE_P(Golden, TinyModel, testing::ValuesIn(tiny_models()), [](const auto& test) {
  std::string name = test.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(MiniLmFolder, GivesTheRecordedIds) {
  const char* models = std::getenv("CROFT_MODELS");
  if (models == nullptr) GTEST_SKIP() << "set CROFT_MODELS to the folder of real models";
  const fs::path folder = fs::path(models) / "all-MiniLM-L6-v2";
  const fs::path vectors = golden() / "models" / "minilm.json";
  if (!fs::exists(folder) || !fs::exists(vectors)) GTEST_SKIP() << folder << " is not there";
  const auto tokenizer = unwrap(tokenizer_from_folder(folder));
  const json::value recorded = read_json(vectors);
  for (const json::value& row : recorded.at("sentences").as_array()) {
    const std::string text(row.at("text").as_string());
    Ids ids = tokenizer->encode(text, {.parse_special = true});
    const Ids expected = ids_of(row.at("ids"));
    if (ids.size() > 256) {  // the recorded ids are cut, with [SEP] last
      ids.resize(255);
      ids.push_back(expected.back());
    }
    EXPECT_EQ(ids, expected) << text;
  }
}

}  // namespace
}  // namespace croft

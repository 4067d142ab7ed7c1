// Goal: real safetensors files are read as they are.
// Method: a Hugging Face folder from the model folder opens, and every tensor can be found and has
// the size its shape says.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "io/safetensors.h"

namespace croft {
namespace {

TEST(SafetensorsReal, SentenceTransformersFolder) {
  const char* models = std::getenv("CROFT_MODELS");
  if (models == nullptr) GTEST_SKIP() << "CROFT_MODELS names no folder of models";
  const auto folder = SafetensorsFolder::open(std::filesystem::path(models) / "all-MiniLM-L6-v2");
  ASSERT_TRUE(folder) << folder.error().to_string();
  // The model card: 6 layers of 384 hidden units; the position ids are I64.
  const SafeTensor* words = folder->find("embeddings.word_embeddings.weight");
  ASSERT_NE(words, nullptr);
  EXPECT_EQ(words->shape, (std::vector<std::uint64_t>{30'522, 384}));
  EXPECT_EQ(folder->skipped(), std::vector<std::string>{"embeddings.position_ids"});
  EXPECT_EQ(folder->find("embeddings.position_ids"), nullptr);
  for (const SafeTensor& tensor : folder->tensors()) {
    EXPECT_EQ(folder->find(tensor.name), &tensor);
    EXPECT_EQ(tensor.bytes.size(), tensor.rows() * row_bytes(tensor.type, tensor.cols()).value());
  }
}

TEST(SafetensorsReal, GoldenFolders) {
  const auto golden = std::filesystem::path(CROFT_SHARED_DIR) / "golden";
  if (!std::filesystem::is_directory(golden))
    GTEST_SKIP() << "no golden files in " CROFT_SHARED_DIR;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(golden)) {
    if (entry.path().filename() != "model.safetensors") continue;
    const auto folder = SafetensorsFolder::open(entry.path().parent_path());
    ASSERT_TRUE(folder) << folder.error().to_string();
    EXPECT_FALSE(folder->tensors().empty());
  }
}

}  // namespace
}  // namespace croft

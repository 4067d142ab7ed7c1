// Goal: real files, written by other programs, are read as they are.
// Method: every GGUF file of the golden data and of the model folder parses, and its tensors can be
// found by name.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "io/gguf.h"
#include "io/mapped_file.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> gguf_files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".gguf") files.push_back(entry.path());
  }
  return files;
}

void expect_readable(const fs::path& path) {
  SCOPED_TRACE(path.string());
  const auto mapped = MappedFile::open(path);
  ASSERT_TRUE(mapped) << mapped.error().to_string();
  const auto file = GgufFile::parse(mapped->bytes());
  ASSERT_TRUE(file) << file.error().to_string();
  const auto architecture = file->string("general.architecture");
  ASSERT_TRUE(architecture);
  EXPECT_TRUE(architecture->has_value());
  for (const GgufTensor& tensor : file->tensors) {
    EXPECT_EQ(file->find_tensor(tensor.name), &tensor);
    EXPECT_EQ(tensor.bytes.size(), tensor.rows() * row_bytes(tensor.type, tensor.cols()).value());
  }
  for (const auto& [key, value] : file->metadata) EXPECT_EQ(file->find(key), &value);
}

TEST(GgufReal, GoldenFiles) {
  const auto files = gguf_files_below(fs::path(CROFT_SHARED_DIR) / "golden");
  if (files.empty()) GTEST_SKIP() << "no golden files in " CROFT_SHARED_DIR;
  for (const fs::path& path : files) expect_readable(path);
}

TEST(GgufReal, ModelFolder) {
  const char* folder = std::getenv("CROFT_MODELS");
  if (folder == nullptr) GTEST_SKIP() << "CROFT_MODELS names no folder of models";
  const auto files = gguf_files_below(folder);
  ASSERT_FALSE(files.empty());
  for (const fs::path& path : files) expect_readable(path);
}

}  // namespace
}  // namespace croft

// Goal: the fuzz seeds are what their names say, through a mapped file and through a plain buffer.
// Method: every file of the corpora: good_* is read, bad_* is refused with a message and a hint.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "io/gguf.h"
#include "io/mapped_file.h"
#include "io/safetensors.h"

namespace croft {
namespace {

template <typename File>
std::size_t check_corpus(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().string());
    const auto mapped = MappedFile::open(entry.path());
    if (!mapped) return 0;
    const std::vector<std::byte> buffer(mapped->bytes().begin(), mapped->bytes().end());
    for (const std::span<const std::byte> bytes : {mapped->bytes(), std::span(buffer)}) {
      const auto file = File::parse(bytes);
      EXPECT_EQ(file.has_value(), entry.path().filename().string().starts_with("good"));
      if (file) continue;
      EXPECT_NE(file.error().message, "");
      EXPECT_NE(file.error().hint, "");
      EXPECT_NE(file.error().code, ErrorCode::Internal);
    }
    ++count;
  }
  return count;
}

TEST(SeedCorpus, Gguf) {
  EXPECT_GE(check_corpus<GgufFile>(CROFT_SOURCE_DIR "/src/io/corpus/gguf"), 30U);
}

TEST(SeedCorpus, Safetensors) {
  EXPECT_GE(check_corpus<SafetensorsFile>(CROFT_SOURCE_DIR "/src/io/corpus/safetensors"), 15U);
}

}  // namespace
}  // namespace croft

// Goal: GGUF metadata becomes the configuration that the family's published files mean, and hostile
// numbers are refused by name. Method: files of metadata only, one change per row of a table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "io/gguf_writer.h"
#include "io/mapped_file.h"
#include "model/config.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

/// Metadata of a small model; a test changes it before the file is written.
struct Metadata {
  std::string architecture = "llama";
  std::map<std::string, std::uint32_t> counts = {{"block_count", 4},
                                                 {"context_length", 512},
                                                 {"embedding_length", 64},
                                                 {"feed_forward_length", 96},
                                                 {"attention.head_count", 4}};
  std::map<std::string, float> floats = {{"attention.layer_norm_rms_epsilon", 1e-5f}};
  std::vector<std::uint32_t> pattern = {};  ///< attention.sliding_window_pattern as an array
};

Result<ModelConfig> read(const Metadata& metadata) {
  GgufWriter writer;
  TRY(writer.add_string("general.architecture", metadata.architecture));
  const std::string prefix = metadata.architecture + ".";
  for (const auto& [key, value] : metadata.counts)
    TRY(writer.add_scalar<std::uint32_t>(prefix + key, value));
  for (const auto& [key, value] : metadata.floats)
    TRY(writer.add_scalar<float>(prefix + key, value));
  if (!metadata.pattern.empty())
    TRY(writer.add_numbers<std::uint32_t>(prefix + "attention.sliding_window_pattern",
                                          metadata.pattern));
  TRY(writer.add_strings("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b"}));
  std::string folder = (fs::temp_directory_path() / "croft-test-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return fail(ErrorCode::Io, "no temporary folder");
  const fs::path path = fs::path(folder) / "model.gguf";
  auto result = [&]() -> Result<ModelConfig> {
    TRY(writer.write(path));
    const MappedFile mapping = TRY(MappedFile::open(path));
    const GgufFile file = TRY(GgufFile::parse(mapping.bytes()));
    return config_from_gguf(file);
  }();
  fs::remove_all(folder);
  return result;
}

std::vector<bool> slides_of(std::string_view architecture, const Metadata& changes) {
  Metadata metadata = changes;
  metadata.architecture = architecture;
  metadata.counts["attention.sliding_window"] = 16;
  const auto config = read(metadata);
  EXPECT_TRUE(config.has_value()) << config.error().to_string();
  return config ? config->layer_slides : std::vector<bool>{};
}

TEST(ConfigGguf, SlidingLayersFollowTheFamilyOrThePattern) {
  EXPECT_EQ(slides_of("gemma2", {}), (std::vector<bool>{true, false, true, false}));
  EXPECT_EQ(slides_of("gemma3", {}), (std::vector<bool>{true, true, true, true}));
  EXPECT_EQ(slides_of("phi3", {}), (std::vector<bool>{true, true, true, true}));
  Metadata period;
  period.counts["attention.sliding_window_pattern"] = 3;
  EXPECT_EQ(slides_of("gemma3", period), (std::vector<bool>{true, true, false, true}));
  Metadata flags;
  flags.pattern = {0, 1, 0, 1};
  EXPECT_EQ(slides_of("gemma3", flags), (std::vector<bool>{false, true, false, true}));
}

TEST(ConfigGguf, OldGemma2FilesHaveTheModelsCaps) {
  Metadata metadata;
  metadata.architecture = "gemma2";
  const auto config = read(metadata);
  ASSERT_TRUE(config.has_value()) << config.error().to_string();
  EXPECT_EQ(config->attention_softcap, 50.0f);
  EXPECT_EQ(config->final_softcap, 30.0f);
}

struct RefusedCase {
  std::function<void(Metadata&)> change;
  std::string named;
};

RefusedCase count(const std::string& key, std::uint32_t value, const std::string& named) {
  return {[=](Metadata& metadata) { metadata.counts[key] = value; }, named};
}

RefusedCase number(const std::string& key, float value, const std::string& named) {
  return {[=](Metadata& metadata) { metadata.floats[key] = value; }, named};
}

// A vision projector and an adapter are GGUF files too, but no models to run: refused by what they
// say they are. Croft reads neither kind beyond that, nor saved cache states (G18), so there is
// nothing further to damage.
TEST(ConfigGguf, G17_G19_ProjectorsAndAdaptersAreNoModels) {
  for (const std::string kind : {"clip", "mmproj", "adapter"}) {
    Metadata metadata;
    metadata.architecture = kind;
    const auto refused = read(metadata);
    ASSERT_FALSE(refused.has_value()) << kind;
    EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
    EXPECT_THAT(refused.error().message, testing::HasSubstr(kind));
  }
}

TEST(ConfigGguf, G12_RefusesHostileMetadataByName) {
  const std::vector<RefusedCase> cases = {
      count("block_count", 0, "layer count"),
      count("block_count", 513, "layers"),
      count("block_count", 0xffffffff, "layers"),
      count("attention.head_count", 0, "attention head count"),
      count("attention.head_count_kv", 0, "key-value head count"),
      count("attention.head_count_kv", 3, "no multiple"),
      count("attention.key_length", 0, "head size"),
      count("attention.key_length", 0xffffffff, "heads of 4294967295"),
      count("rope.dimension_count", 7, "even number"),
      count("rope.dimension_count", 0, "even number"),
      count("rope.dimension_count", 18, "even number"),
      count("context_length", 0, "context length"),
      count("embedding_length", 0xffffffff, "heads of 1073741823"),
      count("feed_forward_length", 0, "feed-forward size"),
      count("expert_count", 8, "experts"),
      number("attention.layer_norm_rms_epsilon", -1.0f, "norm epsilon"),
      number("rope.freq_base", 0.0f, "rope base"),
      number("rope.scaling.factor", -2.0f, "rope scaling factor"),
      {[](Metadata& metadata) { metadata.architecture = "mamba"; }, "\"mamba\" is not supported"},
      {[](Metadata& metadata) { metadata.counts.erase("block_count"); }, "llama.block_count"},
      {[](Metadata& metadata) { metadata.floats.clear(); },
       "llama.attention.layer_norm_rms_epsilon"},
      {[](Metadata& metadata) {
         metadata.counts["attention.sliding_window"] = 16;
         metadata.pattern = {1, 0};
       },
       "attention.sliding_window_pattern"},
  };
  for (const RefusedCase& refused : cases) {
    Metadata metadata;
    refused.change(metadata);
    const auto config = read(metadata);
    ASSERT_FALSE(config.has_value()) << refused.named;
    EXPECT_THAT(config.error().to_string(), testing::HasSubstr(refused.named));
  }
}

}  // namespace
}  // namespace croft

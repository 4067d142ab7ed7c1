// Goal: every row of the catalogue is sound and can be found; wrong names get near ones.
// Method: invariants over the whole table, and a table of look-ups.

#include "store/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "store/hub_listing.h"
#include "store/model_name.h"

namespace croft {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

TEST(Catalogue, RowsAreSound) {
  std::set<std::string> names;
  std::map<std::string_view, int> defaults;
  for (const CatalogueEntry& entry : catalogue()) {
    SCOPED_TRACE(entry.name());
    const auto name = ModelName::parse(entry.name());
    ASSERT_TRUE(name);
    EXPECT_EQ(name->text(), entry.name()) << "not in canonical form";
    EXPECT_TRUE(names.insert(entry.name()).second) << "twice in the table";
    EXPECT_EQ(find_catalogue_entry(entry.name()), &entry);
    EXPECT_NE(entry.pypi.has_value(), entry.hub.has_value());
    EXPECT_GT(entry.bytes, 1'000'000u);
    EXPECT_GE(entry.context_length, 256u);
    EXPECT_FALSE(entry.licence.empty() || entry.title.empty() || entry.parameters.empty());
    // A wheel has no digest but ours; an exact size goes with a known file.
    EXPECT_TRUE(entry.hub || entry.sha256);
    EXPECT_EQ(entry.sha256.value_or(std::string(64, 'a')).size(), 64u);
    EXPECT_EQ(entry.bytes_approximate, !entry.sha256);
    if (entry.hub && !entry.hub->file.empty()) {
      EXPECT_TRUE(is_safe_relative_path(entry.hub->file));
      EXPECT_FALSE(quantization_of(entry.hub->file).empty());
    }
    defaults[entry.family] += entry.family_default ? 1 : 0;
  }
  for (const auto& [family, count] : defaults) EXPECT_EQ(count, 1) << family;
}

TEST(Catalogue, Lookups) {
  const auto name_of = [](std::string_view text) {
    const CatalogueEntry* entry = find_catalogue_entry(text);
    return entry == nullptr ? std::string("none") : entry->name();
  };
  EXPECT_EQ(name_of(default_model_name), "smollm2:135m");
  EXPECT_EQ(name_of("smollm2"), "smollm2:135m");
  EXPECT_EQ(name_of("SmolLM2:1.7B"), "smollm2:1.7b");
  EXPECT_EQ(name_of("all-minilm-l6-v2"), "all-minilm:l6-v2");
  EXPECT_EQ(name_of("bge-small-en-v1.5"), "bge-small-en:v1.5");
  EXPECT_EQ(name_of(""), "none");
  EXPECT_EQ(name_of("smollm2:9b"), "none");
  EXPECT_EQ(default_tag("smollm2"), "135m");
  EXPECT_EQ(default_tag("mine"), "latest");
}

TEST(Catalogue, NearNames) {
  EXPECT_THAT(near_catalogue_names("smolm2"), Contains("smollm2:135m"));
  EXPECT_THAT(near_catalogue_names("smollm2:9b"), Contains("smollm2:360m"));
  EXPECT_THAT(near_catalogue_names("qwen", 8), Contains("qwen3:4b"));
  EXPECT_THAT(near_catalogue_names("completely-else"), IsEmpty());
  EXPECT_THAT(near_catalogue_names(std::string(100'000, 'a')), IsEmpty());
}

}  // namespace
}  // namespace croft

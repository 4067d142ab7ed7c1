// Goal: the right files are chosen from what the hub lists, and a hostile listing is refused.
// Method: tables of file names, quantizations wanted, and damaged answers.

#include "store/hub_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace croft {
namespace {

using ::testing::HasSubstr;

const std::string commit = "0123456789abcdef0123456789abcdef01234567";
const std::string digest(64, 'a');

std::string answer_with(const std::string& siblings) {
  return R"({"sha":")" + commit + R"(","cardData":{"license":"mit"},"siblings":[)" + siblings +
         "]}";
}

TEST(HubListing, ReadsTheAnswer) {
  const auto listing =
      parse_hub_listing(answer_with(R"({"rfilename":"a/b.gguf","size":5,"lfs":{"sha256":")" +
                                    digest + R"(","size":5}},{"rfilename":"README.md"})"));
  ASSERT_TRUE(listing) << listing.error().to_string();
  EXPECT_EQ(listing->commit, commit);
  EXPECT_EQ(listing->licence, "mit");
  ASSERT_EQ(listing->files.size(), 2u);
  EXPECT_EQ(listing->files[0].path, "a/b.gguf");
  EXPECT_EQ(listing->files[0].bytes, 5u);
  EXPECT_EQ(listing->files[0].sha256, digest);
  EXPECT_FALSE(listing->files[1].bytes);
}

TEST(HubListing, RefusesHostileAnswers) {
  const auto file = [](const std::string& name) {
    return answer_with(R"({"rfilename":")" + name + R"("})");
  };
  for (const std::string& text :
       {std::string(""),
        std::string("{}"),
        std::string("[]"),
        std::string("null"),
        R"({"sha":")" + commit + R"("})",
        R"({"sha":")" + commit + R"(","siblings":{}})",
        std::string(R"({"sha":"main","siblings":[]})"),
        std::string(R"({"sha":"../../../../../../../../../../../../../..","siblings":[]})"),
        answer_with("1"),
        answer_with("{}"),
        answer_with(R"({"rfilename":1})"),
        file(""),
        file("../x.gguf"),
        file("a/../x.gguf"),
        file("/etc/passwd"),
        file("a//b"),
        file("a/./b"),
        file("a\\\\b"),
        file("C:x"),
        file("a\\u0000b"),
        file("a\\nb"),
        file("a/"),
        file(std::string(600, 'a')),
        answer_with(R"({"rfilename":"a","size":-1})"),
        answer_with(R"({"rfilename":"a","lfs":{"sha256":"short"}})"),
        answer_with(R"({"rfilename":"a","lfs":{}})"),
        std::string(100, '[')}) {
    EXPECT_FALSE(parse_hub_listing(text)) << text;
  }
}

TEST(HubListing, QuantizationOfNames) {
  struct Case {
    std::string_view name;
    std::string_view quantization;
  };
  for (const Case& c :
       {Case{"SmolLM2-1.7B-Instruct-Q4_K_M.gguf", "q4_k_m"}, Case{"a.Q4_1.gguf", "q4_1"},
        Case{"m-IQ2_XXS.gguf", "iq2_xxs"}, Case{"m-UD-Q4_K_XL.gguf", "q4_k_xl"},
        Case{"m-BF16.GGUF", "bf16"}, Case{"m-f16-00001-of-00003.gguf", "f16"},
        Case{"q8-merge-Q5_0.gguf", "q5_0"}, Case{"m-TQ1_0.gguf", "tq1_0"}, Case{"model.gguf", ""},
        Case{"qwen2.5.gguf", ""}, Case{"Q4_K_M.gguf", "q4_k_m"}, Case{".gguf", ""}, Case{"", ""}}) {
    EXPECT_EQ(quantization_of(c.name), c.quantization) << c.name;
  }
}

HubListing listing_of(const std::vector<std::string>& paths) {
  HubListing listing{commit, "mit", {}};
  for (const std::string& path : paths) listing.files.push_back({path, 1, digest});
  return listing;
}

TEST(HubChoice, Gguf) {
  struct Case {
    std::vector<std::string> paths;
    std::string_view wanted;
    std::string_view chosen;
    std::string_view tag;
  };
  for (const Case& c : {
           Case{{"m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-Q4_0.gguf"}, "", "m-Q4_K_M.gguf", "q4_k_m"},
           Case{{"m-Q8_0.gguf", "m-Q4_K_M.gguf"}, "Q8_0", "m-Q8_0.gguf", "q8_0"},
           Case{{"m-Q8_0.gguf", "m-f16.gguf", "m-Q5_K_M.gguf"}, "", "m-Q5_K_M.gguf", "q5_k_m"},
           Case{{"m.gguf", "config.json"}, "", "m.gguf", "latest"},
           Case{{"m-IQ3_M.gguf"}, "", "m-IQ3_M.gguf", "iq3_m"},
           Case{{"m-UD-Q4_K_M.gguf", "m-Q4_K_M.gguf"}, "", "m-Q4_K_M.gguf", "q4_k_m"},
           Case{{"mmproj-m-f16.gguf", "m-Q8_0.gguf"}, "", "m-Q8_0.gguf", "q8_0"},
           Case{{"q8/m-Q8_0.gguf", "model.safetensors"}, "", "q8/m-Q8_0.gguf", "q8_0"},
       }) {
    const auto choice = choose_files(listing_of(c.paths), c.wanted, "u/r");
    ASSERT_TRUE(choice) << c.chosen << ": " << choice.error().to_string();
    EXPECT_EQ(choice->format, ModelFormat::Gguf);
    ASSERT_EQ(choice->files.size(), 1u);
    EXPECT_EQ(choice->files[0].path, c.chosen);
    EXPECT_EQ(choice->tag, c.tag);
  }
}

TEST(HubChoice, Folder) {
  const HubListing listing = listing_of(
      {"config.json", "tokenizer.json", "model-00001-of-00002.safetensors",
       "model-00002-of-00002.safetensors", "model.safetensors.index.json", "1_Pooling/config.json",
       "consolidated.safetensors", "onnx/model.onnx", "pytorch_model.bin", "run.py", "README.md"});
  const auto choice = choose_files(listing, "", "u/r");
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->format, ModelFormat::HuggingFace);
  EXPECT_EQ(choice->tag, "safetensors");
  EXPECT_EQ(choice->files.size(), 6u);
}

TEST(HubChoice, ErrorsSayWhatThereIs) {
  struct Case {
    std::vector<std::string> paths;
    std::string_view wanted;
    ErrorCode code;
    std::string_view part;
  };
  for (const Case& c : {
           Case{{"m-Q8_0.gguf", "m-Q4_0.gguf"}, "q2_k", ErrorCode::NotFound, "q4_0, q8_0"},
           Case{{"m-IQ1_S.gguf", "m-IQ2_S.gguf"}, "", ErrorCode::NotFound, "iq1_s, iq2_s"},
           Case{{"m-Q4_0-00001-of-00002.gguf"}, "", ErrorCode::Unsupported, "split"},
           Case{{"model.safetensors"}, "q4_0", ErrorCode::NotFound, "no quantization 'q4_0'"},
           Case{{"m-Q4_0.gguf"}, "safetensors", ErrorCode::NotFound, "no safetensors"},
           Case{{"pytorch_model.bin"}, "", ErrorCode::Unsupported, "pickled"},
           Case{{"README.md"}, "", ErrorCode::NotFound, "no GGUF"},
           Case{{}, "", ErrorCode::NotFound, "no GGUF"},
       }) {
    const auto choice = choose_files(listing_of(c.paths), c.wanted, "u/r");
    ASSERT_FALSE(choice) << c.part;
    EXPECT_EQ(choice.error().code, c.code) << choice.error().to_string();
    EXPECT_THAT(choice.error().to_string(), HasSubstr(std::string(c.part)));
  }
}

}  // namespace
}  // namespace croft

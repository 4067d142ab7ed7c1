// Goal: config.json means to Croft what it means to the reference classes, and hostile numbers are
// refused by name. Method: one small configuration, changed by one merge patch per row of a table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "model/config.h"

namespace croft {
namespace {

/// Four layers of four heads; `patch` adds and replaces keys.
Result<ModelConfig> read(std::string_view patch) {
  json::object config = parse_json(R"({"model_type": "llama", "vocab_size": 100, "hidden_size": 64,
      "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 96,
      "max_position_embeddings": 512})",
                                   "base")
                            .value()
                            .get_object();
  const json::value changes = parse_json(patch, "patch").value();
  for (const auto& member : changes.get_object()) config[member.key()] = member.value();
  return config_from_json(config);
}

struct LayerCase {
  std::string_view patch;
  std::uint32_t window;
  std::vector<bool> slides;
};

class SlidingLayers : public testing::TestWithParam<LayerCase> {};

TEST_P(SlidingLayers, FollowTheReferenceClass) {
  const auto config = read(GetParam().patch);
  ASSERT_TRUE(config.has_value()) << config.error().to_string();
  EXPECT_EQ(config->window, GetParam().window);
  EXPECT_EQ(config->layer_slides, GetParam().slides);
}

const std::vector<bool> kNone(4, false);
const std::vector<bool> kAll(4, true);

INSTANTIATE_TEST_SUITE_P(
    Families, SlidingLayers,
    testing::Values(
        LayerCase{R"({"sliding_window": 16})", 0, kNone},  // Llama's class does not read it
        LayerCase{R"({"model_type": "granite", "sliding_window": 16})", 0, kNone},
        LayerCase{R"({"model_type": "mistral", "sliding_window": 16})", 16, kAll},
        LayerCase{R"({"model_type": "mistral", "sliding_window": null})", 0, kNone},
        LayerCase{R"({"model_type": "mistral"})", 4096, kAll},
        LayerCase{R"({"model_type": "mistral", "sliding_window": 16,
                      "use_sliding_window": false})",
                  16, kAll},
        LayerCase{R"({"model_type": "phi3"})", 0, kNone},
        LayerCase{R"({"model_type": "qwen2", "sliding_window": 16, "max_window_layers": 0})", 0,
                  kNone},
        LayerCase{R"({"model_type": "qwen2", "sliding_window": 16, "max_window_layers": 2,
                      "use_sliding_window": true})",
                  16,
                  {false, false, true, true}},
        LayerCase{
            R"({"model_type": "gemma2", "sliding_window": 16})", 16, {true, false, true, false}},
        LayerCase{R"({"model_type": "gemma3_text", "sliding_window": 16,
                      "sliding_window_pattern": 3})",
                  16,
                  {true, true, false, true}},
        LayerCase{R"({"model_type": "gemma3_text", "sliding_window": 16, "layer_types":
                      ["full_attention", "sliding_attention", "full_attention",
                       "full_attention"]})",
                  16,
                  {false, true, false, false}},
        LayerCase{R"({"model_type": "smollm3", "sliding_window": 16, "use_sliding_window": true,
                      "no_rope_layers": [1, 0, 1, 0]})",
                  16,
                  {false, true, false, true}}));

TEST(ConfigJson, MissingKeysTakeTheClassesDefaults) {
  EXPECT_EQ(read(R"({"model_type": "qwen3"})")->head_size, 128U);
  EXPECT_EQ(read(R"({"model_type": "gemma2"})")->head_size, 256U);
  EXPECT_EQ(read(R"({"model_type": "qwen3", "head_dim": null})")->head_size, 16U);
  EXPECT_EQ(read(R"({"model_type": "olmo2"})")->norm_epsilon, 1e-5f);
  EXPECT_EQ(read(R"({"model_type": "bert"})")->norm_epsilon, 1e-12f);
  EXPECT_EQ(read(R"({"model_type": "smollm3"})")->rope.theta, 2e6);
  EXPECT_EQ(read(R"({"model_type": "nomic_bert"})")->rope.theta, 1000.0);
  EXPECT_EQ(read(R"({"model_type": "gemma2"})")->final_softcap, 30.0f);
  EXPECT_EQ(read(R"({"model_type": "gemma2", "final_logit_softcapping": null})")->final_softcap,
            0.0f);
  // Gemma 3's class has this key and does not use it.
  EXPECT_EQ(
      read(R"({"model_type": "gemma3_text", "attn_logit_softcapping": 50})")->attention_softcap,
      0.0f);
}

TEST(ConfigJson, RopeScalingWinsOverRopeParameters) {
  const auto config = read(R"({"rope_parameters": {"rope_theta": 5000.0},
      "rope_scaling": {"rope_type": "linear", "factor": 2.0}})");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->rope.linear_factor, 2.0);
}

TEST(ConfigJson, LongropeMagnitudeFollowsTheFactorWhereThereIsOne) {
  constexpr std::string_view start = R"({"model_type": "phi3", "max_position_embeddings": 131072,
      "original_max_position_embeddings": 4096, "partial_rotary_factor": 0.25, "rope_scaling":
      {"type": "su", "short_factor": [1, 1], "long_factor": [2, 4])";
  const auto by_length = read(std::string(start) + "}}");
  ASSERT_TRUE(by_length.has_value()) << by_length.error().to_string();
  EXPECT_EQ(by_length->rope.rotated, 4U);
  EXPECT_EQ(by_length->rope.original_context, 4096U);
  EXPECT_NEAR(by_length->rope.magnitude, 1.1902381, 1e-6);
  EXPECT_EQ(read(std::string(start) + R"(, "factor": 1.0}})")->rope.magnitude, 1.0f);
}

class Refused : public testing::TestWithParam<std::pair<std::string_view, std::string_view>> {};

TEST_P(Refused, G12_NamesWhatIsWrong) {
  const auto& [patch, named] = GetParam();
  const auto config = read(patch);
  ASSERT_FALSE(config.has_value()) << patch;
  EXPECT_THAT(config.error().to_string(), testing::HasSubstr(std::string(named))) << patch;
}

INSTANTIATE_TEST_SUITE_P(
    Configurations, Refused,
    testing::Values(
        std::pair{R"({"model_type": "mixtral"})", "\"mixtral\" is not supported"},
        std::pair{R"({"model_type": "t5"})", "llama, qwen2"},
        std::pair{R"({"model_type": 7})", "(none)"},
        std::pair{R"({"num_local_experts": 8})", "num_local_experts"},
        std::pair{R"({"quantization_config": {}})", "quantization_config"},
        std::pair{R"({"num_hidden_layers": 0})", "layer count"},
        std::pair{R"({"num_hidden_layers": -1})", "num_hidden_layers"},
        std::pair{R"({"num_hidden_layers": 4294967295})", "layers"},
        std::pair{R"({"num_hidden_layers": 4294967296})", "num_hidden_layers"},
        std::pair{R"({"num_hidden_layers": 4.5})", "num_hidden_layers"},
        std::pair{R"({"num_attention_heads": 0})", "attention heads"},
        std::pair{R"({"num_key_value_heads": 0})", "attention heads"},
        std::pair{R"({"num_key_value_heads": 3})", "no multiple"},
        std::pair{R"({"head_dim": 15})", "even number"},
        std::pair{R"({"head_dim": 4294967295})", "more than any model has"},
        std::pair{R"({"hidden_size": "64"})", "hidden_size"},
        std::pair{R"({"max_position_embeddings": 0})", "context length"},
        std::pair{R"({"vocab_size": 0})", "vocabulary size"},
        std::pair{R"({"rms_norm_eps": "1e-5"})", "rms_norm_eps"},
        std::pair{R"({"rms_norm_eps": -1})", "norm epsilon"},
        std::pair{R"({"rope_theta": "10000"})", "rope_theta"},
        std::pair{R"({"rope_theta": 0})", "rope_theta"},
        std::pair{R"({"tie_word_embeddings": "false"})", "tie_word_embeddings"},
        std::pair{R"({"rope_scaling": "linear"})", "rope_scaling"},
        std::pair{R"({"rope_scaling": {"type": "dynamic", "factor": 2}})", "\"dynamic\""},
        std::pair{R"({"rope_scaling": {"type": "linear", "factor": 0}})", "factor"},
        std::pair{R"({"rope_scaling": {"type": "llama3", "factor": 8}})", "low_freq_factor"},
        std::pair{R"({"model_type": "phi3", "rope_scaling": {"type": "su",
                      "short_factor": [1], "long_factor": [1]}})",
                  "short rope factors"},
        std::pair{R"({"model_type": "phi3", "partial_rotary_factor": 1.5})",
                  "partial_rotary_factor"},
        std::pair{R"({"model_type": "gemma3_text", "layer_types": ["full_attention"]})",
                  "layer_types"},
        std::pair{R"({"model_type": "gemma3_text", "layer_types": ["full_attention",
                      "full_attention", "full_attention", "linear_attention"]})",
                  "layer_types[3]"},
        std::pair{R"({"model_type": "smollm3", "no_rope_layers": [1, 1]})", "no_rope_layers"},
        std::pair{R"({"model_type": "mistral", "sliding_window": -1})", "sliding_window"},
        std::pair{R"({"model_type": "bert", "hidden_act": "relu2"})", "relu2"},
        std::pair{R"({"hidden_act": 3})", "hidden_act"}));

}  // namespace
}  // namespace croft

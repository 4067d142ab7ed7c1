// Goal: text that cannot fit is refused without tokenizing it, text that might is let through.
// Method: a real vocabulary (stories260K, longest token below 16 bytes) and text at the borders.
#include "engine/prompt_length.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "base/limits.h"
#include "model/model.h"

namespace croft {
namespace {

TEST(PromptLength, OnlyWhatCannotFitIsRefused) {
  const auto model = Model::load(CROFT_SOURCE_DIR "/tests/data/stories260K.gguf");
  ASSERT_TRUE(model.has_value()) << model.error().to_string();
  const Tokenizer& tokenizer = (*model)->tokenizer();
  const std::string small(limits::MiB, 'a');
  const std::string large(32 * limits::MiB, 'a');
  EXPECT_TRUE(check_prompt_bytes("", tokenizer, 1, "prompt").has_value());
  EXPECT_TRUE(check_prompt_bytes(small, tokenizer, 1, "prompt").has_value());
  EXPECT_TRUE(check_prompt_bytes(large, tokenizer, large.size(), "prompt").has_value());
  const std::clock_t start = std::clock();
  const auto refused = check_prompt_bytes(large, tokenizer, 8192, "prompt");
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 0.1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::ContextOverflow);
  EXPECT_EQ(refused.error().field, "prompt");
  EXPECT_THAT(refused.error().message, testing::HasSubstr("33554432 bytes"));
}

}  // namespace
}  // namespace croft

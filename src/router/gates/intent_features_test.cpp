// Goal: one text gives the same features whatever its case, punctuation and apostrophes; a text of
// any length and any bytes stays within the bound. Method: compare buckets of pairs of texts, and
// feed random and extreme bytes.
#include "router/gates/intent_features.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace croft {
namespace {

std::vector<std::uint32_t> features(std::string_view text, IntentFeatureSettings settings = {}) {
  IntentFeatureBuffer buffer;
  const auto found = buffer.hash(text, settings);
  return {found.begin(), found.end()};
}

TEST(IntentFeatures, EqualTexts) {
  const struct {
    std::string_view a, b;
  } cases[] = {
      {"what's my balance", "Whats my balance?"},
      {"what’s my balance", "what's my  balance"},
      {"ÜBERWEISUNG", "überweisung"},
      {"МОЙ БАЛАНС", "мой баланс"},
      {"ΤΟ ΥΠΟΛΟΙΠΟ", "το υπολοιπο"},
      {"pay-off date", "pay off\tdate!"},
  };
  for (const auto& [a, b] : cases) EXPECT_EQ(features(a), features(b)) << a;
}

TEST(IntentFeatures, DifferentTexts) {
  EXPECT_NE(features("my balance"), features("balance my"));
  EXPECT_NE(features("card lost"), features("card last"));
  EXPECT_NE(features("a b"), features("ab"));
}

TEST(IntentFeatures, TextsWithoutAWord) {
  for (const std::string_view text : {"", " ", "?!... --", "\n\t", "'''", "\u2026"})
    EXPECT_TRUE(features(text).empty()) << text;
}

TEST(IntentFeatures, CountOfAKnownText) {
  // " ab c ": two words, three pairs with the ends, and runs of 2, 3, 4 and 5 of its 6 bytes.
  EXPECT_EQ(features("ab c").size(), 2 + 3 + 5 + 4 + 3 + 2u);
}

TEST(IntentFeatures, LongTextsAreReadAtBothEnds) {
  const std::string middle(1'000'000, 'x');
  const std::string head(256, 'h');
  const std::string tail(128, 't');
  EXPECT_EQ(features(head + middle + tail), features(head + "something else" + middle + tail));
  EXPECT_NE(features(head + middle + tail), features(head + middle + tail + "t please"));
}

TEST(IntentFeatures, AnyBytesStayWithinTheBound) {
  std::mt19937 random(7);
  const IntentFeatureSettings settings[] = {
      {}, {.bucket_bits = 12, .head_bytes = 16, .tail_bytes = 0, .gram_min = 1, .gram_max = 7}};
  for (const IntentFeatureSettings& setting : settings)
    for (int round = 0; round < 300; ++round) {
      std::string text(random() % 1200, '\0');
      for (char& c : text)
        c = static_cast<char>(round % 3 == 0 ? "a \xE2\x80\x99\xD0"[random() % 6]
                                             : static_cast<char>(random()));
      const auto found = features(text, setting);
      EXPECT_LE(found.size(), setting.features_max());
      for (const std::uint32_t bucket : found) EXPECT_LT(bucket, setting.buckets_count());
    }
  std::string alternating;
  while (alternating.size() < 2000) alternating += "a ";
  EXPECT_LE(features(alternating).size(), IntentFeatureSettings{}.features_max());
}

}  // namespace
}  // namespace croft

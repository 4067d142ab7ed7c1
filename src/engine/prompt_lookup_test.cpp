// Goal: guesses are what stood there before, and stop where they fail. Method: short sequences by
// hand.
#include "engine/prompt_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace croft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PromptLookup, ProposesWhatFollowedTheLastTokensBefore) {
  PromptLookup lookup;
  const std::vector<TokenId> tokens = {1, 2, 3, 4, 5, 6, 9, 2, 3, 4};
  EXPECT_THAT(lookup.propose(tokens, 2), ElementsAre(5, 6));
  EXPECT_THAT(lookup.propose(tokens, 100), ElementsAre(5, 6, 9, 2, 3, 4));
}

TEST(PromptLookup, ThreeTokensAreBetterThanTwoAndTheLatestPlaceThanTheFirst) {
  PromptLookup lookup;
  EXPECT_THAT(lookup.propose(std::vector<TokenId>{7, 8, 9, 1, 5, 8, 9, 2, 6, 8, 9, 3, 7, 8, 9}, 1),
              ElementsAre(1));
  PromptLookup other;
  EXPECT_THAT(other.propose(std::vector<TokenId>{5, 8, 9, 2, 6, 8, 9, 3, 7, 8, 9}, 1),
              ElementsAre(3));
}

TEST(PromptLookup, NothingNewNothingProposed) {
  PromptLookup lookup;
  EXPECT_THAT(lookup.propose(std::vector<TokenId>{}, 3), IsEmpty());
  EXPECT_THAT(lookup.propose(std::vector<TokenId>{1, 2}, 3), IsEmpty());
  EXPECT_THAT(lookup.propose(std::vector<TokenId>{1, 2, 3, 4}, 3), IsEmpty());
}

TEST(PromptLookup, GrowsWithItsSequence) {
  PromptLookup lookup;
  std::vector<TokenId> tokens = {1, 2, 3};
  EXPECT_THAT(lookup.propose(tokens, 3), IsEmpty());
  tokens.insert(tokens.end(), {4, 1, 2, 3});
  EXPECT_THAT(lookup.propose(tokens, 1), ElementsAre(4));
}

TEST(PromptLookup, StopsWhereGuessesFailAndTriesAgainLater) {
  PromptLookup lookup;
  EXPECT_EQ(lookup.wanted(), 3u);
  for (int i = 0; i < 10 && lookup.wanted() != 0; ++i) lookup.learn(3, 0);
  EXPECT_EQ(lookup.wanted(), 0u);
  for (int i = 0; i < 16; ++i) lookup.learn(0, 0);
  EXPECT_EQ(lookup.wanted(), 3u);
  for (int i = 0; i < 10; ++i) lookup.learn(3, 3);
  EXPECT_EQ(lookup.wanted(), 7u);
}

}  // namespace
}  // namespace croft

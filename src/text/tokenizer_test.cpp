// Goal: what no recorded vector covers: text that must not become a control token, added-token
// flags, giant runs, streaming. Method: small tokenizers of every kind, built from tokenizer.json
// text in memory.

#include <ctime>

#include "text/detokenizer.h"
#include "text/hf_tokenizer.h"
#include "text/pre_tokenizer.h"
#include "text/sample_tokenizers.h"
#include "text/test_support.h"
#include "text/utf8.h"

namespace croft {
namespace {

using namespace testing_support;

std::unique_ptr<Tokenizer> load(const std::string& document) {
  return unwrap(tokenizer_from_json({.tokenizer = document}));
}

std::unique_ptr<Tokenizer> byte_bpe() {
  return load(samples::byte_bpe_json(gpt2_pattern));
}

std::size_t count_control(const Tokenizer& tokenizer, const Ids& ids) {
  return static_cast<std::size_t>(std::ranges::count_if(
      ids, [&](TokenId id) { return tokenizer.kind(id) == TokenKind::Control; }));
}

TEST(SpecialTokens, ControlNeedsParsingAndTrust) {
  const auto tokenizer = byte_bpe();
  const std::string text = "a<|im_end|>b<|im_end|>";
  EXPECT_EQ(count_control(*tokenizer, tokenizer->encode(text, {})), 0u);
  EXPECT_EQ(count_control(*tokenizer, tokenizer->encode(text, {.parse_special = true})), 2u);
  // Every overlap of an untrusted range with the first marker, bytes 1 to 11, hides it, and only
  // it.
  for (std::size_t begin = 1; begin < 11; ++begin) {
    const ByteRange range{begin, begin + 1};
    const auto ids = tokenizer->encode(text, {.parse_special = true, .untrusted = {&range, 1}});
    EXPECT_EQ(count_control(*tokenizer, ids), 1u) << begin;
    EXPECT_EQ(tokenizer->decode(ids, true), text);
  }
  const ByteRange beside[] = {{0, 1}, {11, 12}};
  const auto ids = tokenizer->encode(text, {.parse_special = true, .untrusted = beside});
  EXPECT_EQ(count_control(*tokenizer, ids), 2u);
}

TEST(SpecialTokens, UserDefinedAlwaysMatch) {
  const auto tokenizer = byte_bpe();
  const ByteRange all{0, 7};
  const auto ids = tokenizer->encode("<think>", {.untrusted = {&all, 1}});
  ASSERT_EQ(ids.size(), 1u);
  EXPECT_EQ(tokenizer->kind(ids[0]), TokenKind::UserDefined);
}

TEST(SpecialTokens, MergesCannotSpellAControlToken) {
  const auto tokenizer = load(samples::ranked_bpe_json());  // its merges lead to "<s>"
  EXPECT_EQ(count_control(*tokenizer, tokenizer->encode("a<s>a", {.add_special = false})), 0u);
}

TEST(EndTokens, KnownMarkersEndTheText) {
  const auto tokenizer = byte_bpe();
  const auto marker = tokenizer->find_token("<|im_end|>");
  ASSERT_TRUE(marker.has_value());
  EXPECT_THAT(tokenizer->end_tokens(), testing::ElementsAre(*marker));
}

TEST(GiantRuns, OneMebibyteOfOneCharacterStaysLinear) {
  const std::unique_ptr<Tokenizer> tokenizers[] = {byte_bpe(), load(samples::ranked_bpe_json()),
                                                   load(samples::unigram_json()),
                                                   load(samples::word_piece_json())};
  for (const char* character : {"a", "A", "1", " ", "\n", "\t", ".", "\u00e9", "\u6771", "\u0301",
                                "\U0001F642", "\u00a0", "<", "\xff", "\u2581"}) {
    std::string text;
    while (text.size() < limits::MiB) text += character;
    for (const auto& tokenizer : tokenizers) {
      const std::clock_t start = std::clock();  // processor time: a busy machine is no fault
      const Ids ids = tokenizer->encode(text, {.parse_special = true});
      const double took_s = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      EXPECT_LE(ids.size(), 3 * text.size() + 2);
      EXPECT_LT(took_s, 10.0) << character;  // sanitizers: tenfold slack
    }
  }
}

TEST(ByteLevel, RoundTripsEveryCharacterClass) {
  const auto tokenizer = byte_bpe();
  std::string text;
  for (char32_t value = 1; value < 0x20000; value += 7) utf8::append(text, value);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, {}), false), text);
}

TEST(Detokenizer, NeverGivesHalfACharacter) {
  for (const std::string& document :
       {samples::byte_bpe_json(gpt2_pattern), samples::ranked_bpe_json()}) {
    const auto tokenizer = load(document);
    // Every ordered triple of lead, continuation and ASCII bytes that matters for cutting a
    // character.
    const unsigned char bytes[] = {0x41, 0x80, 0xBF, 0xC3, 0xE2, 0xED,
                                   0xF0, 0xF4, 0xFF, 0x9F, 0x82};
    const bool byte_level = tokenizer->find_token("<0x41>") == std::nullopt;
    for (const unsigned a : bytes) {
      for (const unsigned b : bytes) {
        for (const unsigned c : bytes) {
          const TokenId shift = byte_level ? 0 : 3;
          const Ids ids = {static_cast<TokenId>(a) + shift, static_cast<TokenId>(b) + shift,
                           static_cast<TokenId>(c) + shift};
          Detokenizer stream(*tokenizer, false, true);
          std::string streamed;
          for (const TokenId id : ids) {
            const std::string part = stream.push(id);
            EXPECT_TRUE(utf8::is_valid(part));
            streamed += part;
          }
          streamed += stream.finish();
          EXPECT_EQ(streamed, tokenizer->decode(ids, false));
        }
      }
    }
  }
}

TEST(Detokenizer, LeadingSpaceOnlyAtTheStart) {
  const auto tokenizer = load(samples::ranked_bpe_json());
  const TokenId word = tokenizer->find_token("\u2581a").value();
  Detokenizer start(*tokenizer, false, true);
  EXPECT_EQ(start.push(word), "a");
  EXPECT_EQ(start.push(word), " a");
  Detokenizer later(*tokenizer, false, false);
  EXPECT_EQ(later.push(word), " a");
  EXPECT_EQ(later.push(-1) + later.push(1 << 20) + later.finish(), "");
}

TEST(TokenizerJson, RefusesByName) {
  const struct {
    const char* document;
    ErrorCode code;
    const char* says;
  } cases[] = {
      {"{", ErrorCode::Corrupt, "tokenizer.json"},
      {"{}", ErrorCode::Corrupt, "model"},
      {R"({"model": {"type": "BPE", "vocab": {}, "merges": []}})", ErrorCode::Corrupt, "empty"},
      {R"({"model": {"type": "WordLevel", "vocab": {"a": 0}}})", ErrorCode::Unsupported,
       "WordLevel"},
      {R"({"model": {"type": "WordPiece", "vocab": {"a": -1}}})", ErrorCode::Corrupt, "-1"},
      {R"({"model": {"type": "WordPiece", "vocab": {"a": 99999999}}})", ErrorCode::Corrupt,
       "99999999"},
      {R"({"model": {"type": "WordPiece", "vocab": {"a": 0, "b": 0}}})", ErrorCode::Corrupt,
       "two tokens"},
      {R"({"model": {"vocab": {"a": 0}}, "normalizer": {"type": "Nmt"}})", ErrorCode::Unsupported,
       "Nmt"},
      {R"({"model": {"vocab": {"a": 0}}, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}}})",
       ErrorCode::Unsupported, "compile"},
      {R"({"model": {"type": "Unigram", "unk_id": 7, "vocab": [["a", 0]]}})", ErrorCode::Corrupt,
       "unk_id"},
      {R"({"model": {"vocab": {"a": 0}}, "post_processor": {"type": "BertProcessing", "cls": ["a", 5]}})",
       ErrorCode::Corrupt, "post_processor"},
      {R"({"model": {"vocab": {"a": 0}}, "normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}})",
       ErrorCode::Corrupt, "precompiled_charsmap"},
  };
  for (const auto& each : cases) {
    const auto tokenizer = tokenizer_from_json({.tokenizer = each.document});
    ASSERT_FALSE(tokenizer.has_value()) << each.document;
    EXPECT_EQ(tokenizer.error().code, each.code) << tokenizer.error().to_string();
    EXPECT_THAT(tokenizer.error().message, testing::HasSubstr(each.says));
  }
}

}  // namespace
}  // namespace croft

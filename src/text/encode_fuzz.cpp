// Goal: every kind of tokenizer takes any text, and byte-level BPE loses none of it. Method:
// arbitrary bytes through a small tokenizer of each kind; ids within the vocabulary, decoding valid
// UTF-8 and equal to streamed decoding, and the round trip for valid text.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/check.h"
#include "text/detokenizer.h"
#include "text/hf_tokenizer.h"
#include "text/pre_tokenizer.h"
#include "text/sample_tokenizers.h"
#include "text/utf8.h"

namespace {

using namespace croft;

std::unique_ptr<Tokenizer> load(const std::string& document) {
  auto tokenizer = tokenizer_from_json({.tokenizer = document});
  CHECK(tokenizer.has_value());
  return std::move(*tokenizer);
}

void check(const Tokenizer& tokenizer, std::string_view text, bool lossless) {
  const ByteRange all{0, text.size()};
  const EncodeOptions options{.parse_special = true,
                              .untrusted = std::span(&all, text.empty() ? 0 : 1)};
  const auto ids = tokenizer.encode(text, options);
  Detokenizer stream(tokenizer, true, true);
  std::string streamed;
  for (const TokenId id : ids) {
    CHECK(id >= 0 && static_cast<std::size_t>(id) < tokenizer.size());
    if (lossless) CHECK(tokenizer.kind(id) != TokenKind::Control);
    const std::string part = stream.push(id);
    CHECK(utf8::is_valid(part));
    streamed += part;
  }
  streamed += stream.finish();
  const std::string decoded = tokenizer.decode(ids, true);
  CHECK(decoded == streamed);
  if (lossless) CHECK(decoded == utf8::repair(text, utf8::Invalid::EachByte));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto byte_bpe = load(samples::byte_bpe_json(gpt2_pattern));
  static const auto ranked = load(samples::ranked_bpe_json());
  static const auto unigram = load(samples::unigram_json());
  static const auto word_piece = load(samples::word_piece_json());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(*byte_bpe, text, true);
  check(*ranked, text, false);
  check(*unigram, text, false);
  check(*word_piece, text, false);
  return 0;
}

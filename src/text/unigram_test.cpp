// Goal: unigram tokenization, with its normalisation table, is SentencePiece's. Method: a published
// SentencePiece model is rewritten as tokenizer.json; 40 texts must give the ids that the
// sentencepiece library 0.2 gave for the model itself.

#include <cstring>

#include "text/hf_tokenizer.h"
#include "text/sample_tokenizers.h"
#include "text/test_support.h"

namespace croft {
namespace {

namespace fs = std::filesystem;
using namespace testing_support;

/// Just enough of protobuf to read a trusted model file: fields in order, varints, lengths and
/// 32-bit values.
class Protobuf {
 public:
  explicit Protobuf(std::string_view bytes) : rest_(bytes) {}

  bool next() {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    field = tag >> 3;
    text = {};
    if ((tag & 7) == 0) number = varint();
    if ((tag & 7) == 2) text = take(varint());
    if ((tag & 7) == 5) std::memcpy(&real, take(4).data(), 4);
    return true;
  }

  std::uint64_t field = 0;
  std::uint64_t number = 0;
  float real = 0;
  std::string_view text;

 private:
  std::string_view take(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) break;
    }
    return value;
  }
  std::string_view rest_;
};

std::string to_base64(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (int shift = 18; shift >= 0; shift -= 6) out += digits[(bits >> shift) & 63];
  }
  return out;
}

json::array vocabulary_entry(std::string_view bytes) {
  Protobuf piece(bytes);
  json::array entry{"", 0.0};
  while (piece.next()) {
    if (piece.field == 1) entry[0] = piece.text;
    if (piece.field == 2) entry[1] = piece.real;
  }
  return entry;
}

std::string to_tokenizer_json(std::string_view model_bytes) {
  json::array vocab;
  std::string charsmap;
  Protobuf model(model_bytes);
  while (model.next()) {
    if (model.field == 1) vocab.push_back(vocabulary_entry(model.text));
    if (model.field != 3) continue;
    Protobuf normalizer(model.text);
    while (normalizer.next()) {
      if (normalizer.field == 2) charsmap = to_base64(normalizer.text);
    }
  }
  const json::object metaspace{
      {"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", "always"}};
  const json::array steps{
      json::object{{"type", "Precompiled"}, {"precompiled_charsmap", charsmap}},
      samples::single("type", "Strip"),
      json::object{
          {"type", "Replace"}, {"pattern", samples::single("Regex", " {2,}")}, {"content", " "}}};
  return json::serialize(
      json::object{{"normalizer", {{"type", "Sequence"}, {"normalizers", steps}}},
                   {"pre_tokenizer", metaspace},
                   {"decoder", metaspace},
                   {"model", {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", vocab}}}});
}

TEST(Unigram, GivesSentencePieceIds) {
  const fs::path model = golden() / "sentencepiece" / "test_model.model";
  if (!fs::exists(model)) GTEST_SKIP() << model << " is not there";
  const std::string document = to_tokenizer_json(read_text(model));
  const auto tokenizer = unwrap(tokenizer_from_json({.tokenizer = document}));
  const json::value recorded = read_json(fs::path(CROFT_SOURCE_DIR) / "tests" / "data" /
                                         "tokenizers" / "sentencepiece_unigram.json");
  for (const json::value& row : recorded.as_array()) {
    const std::string text(row.at("text").as_string());
    EXPECT_EQ(tokenizer->encode(text, {}), ids_of(row.at("ids"))) << text;
  }
}

}  // namespace
}  // namespace croft

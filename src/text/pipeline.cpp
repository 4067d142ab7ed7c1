#include "text/pipeline.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "text/utf8.h"

namespace croft {
namespace {

class Pipeline final : public Tokenizer {
 public:
  explicit Pipeline(PipelineParts parts) : parts_(std::move(parts)) {}

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override {
    std::vector<TokenId> ids;
    ids.reserve(text.size() / 4 + 4);
    if (options.add_special) ids = parts_.prefix;
    const auto segments = parts_.raw_specials.split(text, options.parse_special, options.untrusted);
    for (const Segment& segment : segments) {
      if (segment.id >= 0) {
        ids.push_back(segment.id);
      } else {
        encode_segment(text, segment.range, options, ids);
      }
    }
    if (options.add_special) ids.insert(ids.end(), parts_.suffix.begin(), parts_.suffix.end());
    return ids;
  }

  std::size_t size() const override { return parts_.vocabulary->size(); }
  TokenKind kind(TokenId id) const override { return checked(id).kind(id); }
  std::string_view piece(TokenId id) const override { return checked(id).piece(id); }

  std::string bytes(TokenId id, bool special) const override {
    const Vocabulary& vocabulary = checked(id);
    switch (vocabulary.kind(id)) {
      case TokenKind::Control:
      case TokenKind::Unknown:
        return special ? std::string(vocabulary.text(id)) : std::string();
      case TokenKind::Unused:
        return {};
      case TokenKind::Normal:
      case TokenKind::UserDefined:
      case TokenKind::Byte:
        break;
    }
    return std::string(vocabulary.text(id));
  }

  std::string decode(std::span<const TokenId> ids, bool special) const override {
    std::string text;
    for (const TokenId id : ids) {
      if (!parts_.vocabulary->holds(id)) continue;
      text += bytes(id, special);
    }
    if (parts_.strips_leading_space && text.starts_with(' ')) text.erase(0, 1);
    return utf8::is_valid(text) ? text : utf8::repair(text, utf8::Invalid::MaximalSubpart);
  }

  bool strips_leading_space() const override { return parts_.strips_leading_space; }
  std::optional<TokenId> find_token(std::string_view piece) const override {
    return parts_.vocabulary->find(piece);
  }
  std::optional<TokenId> bos() const override { return parts_.bos; }
  std::optional<TokenId> eos() const override { return parts_.eos; }
  bool adds_bos() const override {
    return parts_.bos && std::ranges::find(parts_.prefix, *parts_.bos) != parts_.prefix.end();
  }
  std::span<const TokenId> end_tokens() const override { return parts_.end_tokens; }

 private:
  const Vocabulary& checked(TokenId id) const {
    CHECK(parts_.vocabulary->holds(id));
    return *parts_.vocabulary;
  }

  /// Text between special tokens: normalize, look for the tokens spelt in normalized text, encode
  /// the rest.
  void encode_segment(std::string_view text, ByteRange range, const EncodeOptions& options,
                      std::vector<TokenId>& ids) const {
    std::string normalized(text.substr(range.begin, range.end - range.begin));
    if (!utf8::is_valid(normalized)) {
      normalized = utf8::repair(normalized, utf8::Invalid::EachByte);
    }
    for (const auto& step : parts_.normalizer) normalized = step->apply(std::move(normalized));
    if (parts_.normalized_specials.empty()) {
      encode_normalized(std::move(normalized), range.begin == 0, ids);
      return;
    }
    // Offsets moved in the normalizer, so a segment with any untrusted byte in it gets no control
    // tokens.
    const bool trusted = std::ranges::none_of(options.untrusted, [&](const ByteRange& each) {
      return each.begin < range.end && range.begin < each.end;
    });
    const auto segments =
        parts_.normalized_specials.split(normalized, options.parse_special && trusted, {});
    for (const Segment& segment : segments) {
      if (segment.id >= 0) {
        ids.push_back(segment.id);
        continue;
      }
      const bool at_text_start = range.begin == 0 && segment.range.begin == 0;
      encode_normalized(
          normalized.substr(segment.range.begin, segment.range.end - segment.range.begin),
          at_text_start, ids);
    }
  }

  void encode_normalized(std::string text, bool at_text_start, std::vector<TokenId>& ids) const {
    if (text.empty()) return;
    const std::size_t size = text.size();
    Pieces pieces{std::move(text), {{0, size}}, at_text_start};
    for (const auto& step : parts_.pre_tokenizer) step->apply(pieces);
    for (const ByteRange& range : pieces.ranges) {
      if (range.end == range.begin) continue;
      parts_.model->encode(
          std::string_view(pieces.text).substr(range.begin, range.end - range.begin), ids);
    }
  }

  PipelineParts parts_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_pipeline(PipelineParts parts) {
  CHECK(parts.vocabulary != nullptr && parts.model != nullptr);
  return std::make_unique<Pipeline>(std::move(parts));
}

}  // namespace croft

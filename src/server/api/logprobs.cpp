#include "server/api/logprobs.h"

#include <algorithm>
#include <cmath>

#include "server/api/json_error.h"

namespace croft {
namespace {

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// JSON has no infinity: a token that cannot come up (logit bias -100 aside, a masked one) gets a
/// floor.
json::value logprob_json(float logprob) {
  constexpr double floor = -9999.0;  // OpenAI's own value for "as good as impossible"
  if (std::isnan(logprob)) return nullptr;
  return std::max(static_cast<double>(logprob), floor);
}

/// Empty for ids of a padded embedding matrix, which the vocabulary does not name.
std::string token_bytes(const Tokenizer& tokenizer, TokenId id, bool special) {
  const bool known = id >= 0 && static_cast<std::size_t>(id) < tokenizer.size();
  return known ? tokenizer.bytes(id, special) : std::string();
}

json::object chat_entry(const Tokenizer& tokenizer, TokenId id, float logprob, bool as_ids) {
  json::object entry;
  entry["token"] = token_text(tokenizer, id, as_ids);
  entry["logprob"] = logprob_json(logprob);
  json::array bytes;
  for (const char c : token_bytes(tokenizer, id, true))
    bytes.push_back(static_cast<unsigned char>(c));
  entry["bytes"] = std::move(bytes);
  return entry;
}

void append_list(json::object& into, json::object& more, std::string_view name) {
  json::value& list = into[name];
  if (!list.is_array()) list = json::array{};
  for (json::value& entry : more[name].get_array()) list.get_array().push_back(std::move(entry));
}

}  // namespace

std::string token_text(const Tokenizer& tokenizer, TokenId id, bool as_id) {
  if (as_id) return "token_id:" + std::to_string(id);
  const std::string bytes = token_bytes(tokenizer, id, true);
  if (is_utf8(bytes)) return bytes;
  std::string text = "bytes:";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += "\\x";
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

json::object chat_logprobs(const Tokenizer& tokenizer, std::span<const TokenLogprob> tokens,
                           bool as_ids) {
  json::array content;
  for (const TokenLogprob& token : tokens) {
    json::object entry = chat_entry(tokenizer, token.id, token.logprob, as_ids);
    json::array top;
    for (const auto& [id, logprob] : token.top)
      top.push_back(chat_entry(tokenizer, id, logprob, as_ids));
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

void append_chat_logprobs(json::object& into, json::object more) {
  append_list(into, more, "content");
  into["refusal"] = nullptr;
}

json::object CompletionLogprobs::next(std::span<const TokenLogprob> tokens) {
  json::array texts;
  json::array logprobs;
  json::array tops;
  json::array offsets;
  for (const TokenLogprob& token : tokens) {
    texts.push_back(json::value(token_text(*tokenizer_, token.id, options_.as_ids)));
    logprobs.push_back(logprob_json(token.logprob));
    offsets.push_back(characters_);
    characters_ += characters_of(token.id);
    if (std::isnan(token.logprob)) {
      tops.push_back(nullptr);
      continue;
    }
    json::object top;
    // Best first; of two tokens with the same text the likelier stands. The chosen one is always
    // there.
    for (const auto& [id, logprob] : token.top)
      top.emplace(token_text(*tokenizer_, id, options_.as_ids), logprob_json(logprob));
    top.emplace(token_text(*tokenizer_, token.id, options_.as_ids), logprob_json(token.logprob));
    tops.push_back(std::move(top));
  }
  return {{"tokens", std::move(texts)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

std::size_t CompletionLogprobs::characters_of(TokenId id) {
  const std::string bytes = token_bytes(*tokenizer_, id, options_.special_in_text);
  std::size_t count = count_characters(bytes);
  if (count != 0 && options_.at_text_start) {
    options_.at_text_start = false;
    if (tokenizer_->strips_leading_space() && bytes.front() == ' ') --count;
  }
  return count;
}

void append_completion_logprobs(json::object& into, json::object more) {
  for (const char* name : {"tokens", "token_logprobs", "top_logprobs", "text_offset"})
    append_list(into, more, name);
}

}  // namespace croft

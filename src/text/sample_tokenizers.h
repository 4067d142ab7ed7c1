#pragma once
/// Small tokenizers of every kind, for tests and fuzzing without files. In a header, so that none
/// of it is part of the program.

#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "text/byte_alphabet.h"
#include "text/utf8.h"

namespace croft::samples {
/// {key: value}. A braced list of one pair means an array to some compilers and an object to
/// others.
inline json::object single(std::string_view key, json::value value) {
  json::object object;
  object[key] = std::move(value);
  return object;
}

inline json::object added(std::string_view content, std::int64_t id, bool special) {
  return {{"id", id},
          {"content", content},
          {"special", special},
          {"single_word", false},
          {"normalized", false},
          {"lstrip", false},
          {"rstrip", false}};
}

/// "<0x0A>".
inline std::string byte_piece(int byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string piece = "<0x";
  piece += digits[static_cast<std::size_t>(byte / 16)];
  piece += digits[static_cast<std::size_t>(byte % 16)];
  piece += '>';
  return piece;
}

/// Byte-level BPE with all 256 bytes, a few merges, the control token <|im_end|> and the
/// user-defined token <think>. `pattern` is that of a Split.
inline std::string byte_bpe_json(std::string_view pattern) {
  json::object vocab;
  for (int byte = 0; byte < 256; ++byte) {
    std::string piece;
    utf8::append(piece, spell_byte(static_cast<unsigned char>(byte)));
    vocab[piece] = byte;
  }
  std::int64_t next = 256;
  json::array merges;
  for (const char* merge : {"a a", "aa aa", "h e", "l l", "he ll", "\u0120 w", "\u0120 \u0120"}) {
    const std::string_view line = merge;
    const std::size_t space = line.find(' ');
    std::string joined(line.substr(0, space));
    joined += line.substr(space + 1);
    vocab[joined] = next++;
    merges.emplace_back(line);
  }
  const json::object split{{"type", "Split"},
                           {"pattern", single("Regex", json::string(pattern))},
                           {"behavior", "Isolated"},
                           {"invert", false}};
  const json::object bytes{
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  return json::serialize(json::object{
      {"added_tokens",
       json::array{added("<|im_end|>", next, true), added("<think>", next + 1, false)}},
      {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", json::array{split, bytes}}}},
      {"decoder", single("type", "ByteLevel")},
      {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}}});
}

/// SentencePiece BPE with all byte tokens and the control token <s>.
inline std::string ranked_bpe_json() {
  json::object vocab{{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
  for (int byte = 0; byte < 256; ++byte) vocab[byte_piece(byte)] = byte + 3;
  std::int64_t next = 259;
  for (const char* piece : {"\u2581", "a", "b", "s", "<", ">", "\u2581a", "aa", "<s"}) {
    vocab[piece] = next++;
  }
  const json::array merges{"\u2581 a", "a a", "< s", "<s >"};
  const json::array normalizers{
      json::object{{"type", "Prepend"}, {"prepend", "\u2581"}},
      json::object{{"type", "Replace"}, {"pattern", single("String", " ")}, {"content", "\u2581"}}};
  const json::array decoders{
      json::object{{"type", "Replace"}, {"pattern", single("String", "\u2581")}, {"content", " "}},
      single("type", "ByteFallback"), single("type", "Fuse"),
      json::object{{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}};
  return json::serialize(json::object{
      {"added_tokens",
       json::array{added("<unk>", 0, true), added("<s>", 1, true), added("</s>", 2, true)}},
      {"normalizer", {{"type", "Sequence"}, {"normalizers", normalizers}}},
      {"decoder", {{"type", "Sequence"}, {"decoders", decoders}}},
      {"model",
       {{"type", "BPE"},
        {"unk_token", "<unk>"},
        {"fuse_unk", true},
        {"byte_fallback", true},
        {"vocab", vocab},
        {"merges", merges}}}});
}

/// Unigram with an unknown token and a few scored pieces.
inline std::string unigram_json() {
  json::array vocab;
  vocab.push_back(json::array{"<unk>", 0.0});
  double score = -1;
  for (const char* piece : {"\u2581", "a", "b", "ab", "\u2581ab", "aab", "\u00e9"}) {
    vocab.push_back(json::array{piece, score});
    score -= 0.75;
  }
  return json::serialize(json::object{
      {"pre_tokenizer",
       {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", "always"}}},
      {"decoder", {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", "always"}}},
      {"model", {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", vocab}}}});
}

inline std::string word_piece_json() {
  json::object vocab;
  std::int64_t next = 0;
  for (const char* piece : {"[UNK]", "[CLS]", "[SEP]", "he", "##llo", "a", "##a", ".", "\u6771"}) {
    vocab[piece] = next++;
  }
  return json::serialize(json::object{
      {"added_tokens",
       json::array{added("[UNK]", 0, true), added("[CLS]", 1, true), added("[SEP]", 2, true)}},
      {"normalizer", single("type", "BertNormalizer")},
      {"pre_tokenizer", single("type", "BertPreTokenizer")},
      {"decoder", single("type", "WordPiece")},
      {"post_processor",
       {{"type", "BertProcessing"},
        {"cls", json::array{"[CLS]", 1}},
        {"sep", json::array{"[SEP]", 2}}}},
      {"model", {{"type", "WordPiece"}, {"unk_token", "[UNK]"}, {"vocab", vocab}}}});
}

}  // namespace croft::samples

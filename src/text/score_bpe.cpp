#include "text/score_bpe.h"

#include <bit>

#include "text/utf8.h"

namespace croft {
namespace {

constexpr std::string_view space_mark = "\u2581";

/// A thread keeps its scratch memory between words, but not that of a giant one (12 bytes a
/// symbol).
constexpr std::size_t kept_symbols_max = 64 * 1024;

/// Orders floats as integers, the highest score first. (The sign bit flips positive numbers above
/// negative ones; negative ones count backwards.)
std::uint64_t rank_of_score(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score);
  const std::uint32_t ascending = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return ~ascending;
}

}  // namespace

bool has_pieces_across_words(const Vocabulary& vocabulary) {
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!forms_from_text(vocabulary.kind(id))) continue;
    std::string_view rest = vocabulary.piece(id);
    while (rest.starts_with(space_mark)) rest.remove_prefix(space_mark.size());
    if (rest.find(space_mark) != std::string_view::npos) return true;
  }
  return false;
}

ScoreBpe::ScoreBpe(const Vocabulary& vocabulary, std::optional<TokenId> unknown)
    : vocabulary_(&vocabulary), byte_tokens_(find_byte_tokens(vocabulary)), unknown_(unknown) {}

std::optional<TokenId> ScoreBpe::find(std::string_view text) const {
  if (text.size() > vocabulary_->piece_bytes_max()) return std::nullopt;
  const auto id = vocabulary_->find(text);
  if (id && !forms_from_text(vocabulary_->kind(*id))) return std::nullopt;
  return id;
}

void ScoreBpe::encode(std::string_view piece, std::vector<TokenId>& out) const {
  thread_local std::vector<Symbol> symbols;
  symbols.clear();
  for (std::size_t at = 0; at < piece.size();) {
    const std::uint8_t length = utf8::decode(piece, at).length;
    const TokenId id = find(piece.substr(at, length)).value_or(-1);
    symbols.push_back({id, static_cast<std::uint32_t>(at), length});
    at += length;
  }
  merge_symbols(symbols, [&](const Symbol& left, const Symbol& right) -> std::optional<Merge> {
    const auto id = find(piece.substr(left.begin, left.length + right.length));
    if (!id) return std::nullopt;
    return Merge{rank_of_score(vocabulary_->score(*id)), *id};
  });
  for (const Symbol& symbol : symbols) {
    if (symbol.id >= 0) {
      out.push_back(symbol.id);
      continue;
    }
    for (const char c : piece.substr(symbol.begin, symbol.length)) {
      const TokenId byte = byte_tokens_[static_cast<unsigned char>(c)];
      if (byte >= 0) {
        out.push_back(byte);
      } else if (unknown_) {
        out.push_back(*unknown_);
      }
    }
  }
  if (symbols.capacity() > kept_symbols_max) symbols = {};
}

}  // namespace croft

#include "text/vocabulary.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace croft {
namespace {

std::uint32_t hash_of(std::string_view text) {
  const std::size_t hash = std::hash<std::string_view>{}(text);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

}  // namespace

void StringIndex::build(const StringTable& table, const std::vector<bool>* skip) {
  slots_.assign(std::bit_ceil(std::max<std::size_t>(table.size() * 2, 2)), Slot{});
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (skip != nullptr && (*skip)[i]) continue;
    const std::uint32_t hash = hash_of(table[i]);
    std::size_t at = hash & mask;
    while (slots_[at].id >= 0) {
      const Slot& slot = slots_[at];
      if (slot.hash == hash && table[static_cast<std::size_t>(slot.id)] == table[i]) break;
      at = (at + 1) & mask;
    }
    slots_[at] = {hash, static_cast<TokenId>(i)};
  }
}

std::optional<TokenId> StringIndex::find(const StringTable& table, std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const std::size_t mask = slots_.size() - 1;
  const std::uint32_t hash = hash_of(text);
  for (std::size_t at = hash & mask; slots_[at].id >= 0; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.hash == hash && table[static_cast<std::size_t>(slot.id)] == text) return slot.id;
  }
  return std::nullopt;
}

void Vocabulary::reserve(std::size_t count) {
  pieces_.reserve(count);
  texts_.reserve(count);
  kinds_.reserve(count);
  scores_.reserve(count);
}

void Vocabulary::add(std::string_view piece, std::string_view text, TokenKind kind, float score) {
  pieces_.add(piece);
  texts_.add(text);
  kinds_.push_back(kind);
  scores_.push_back(score);
  piece_bytes_max_ = std::max(piece_bytes_max_, piece.size());
}

std::optional<std::uint8_t> byte_of_piece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return std::nullopt;
  const auto high = hex_digit(piece[3]);
  const auto low = hex_digit(piece[4]);
  if (!high || !low) return std::nullopt;
  return static_cast<std::uint8_t>(*high * 16 + *low);
}

ByteTokens find_byte_tokens(const Vocabulary& vocabulary) {
  ByteTokens tokens;
  tokens.fill(-1);
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (vocabulary.kind(id) != TokenKind::Byte) continue;
    if (const auto byte = byte_of_piece(vocabulary.piece(id))) tokens[*byte] = id;
  }
  return tokens;
}

bool forms_from_text(TokenKind kind) {
  return kind == TokenKind::Normal || kind == TokenKind::UserDefined;
}

}  // namespace croft

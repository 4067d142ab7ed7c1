#include "text/ranked_bpe.h"

#include <algorithm>

#include "text/utf8.h"

namespace croft {

RankedBpe::RankedBpe(const Vocabulary& vocabulary, const std::vector<SpeltMerge>& merges,
                     RankedBpeOptions options)
    : vocabulary_(&vocabulary),
      merges_(make_merge_table(vocabulary, merges)),
      byte_tokens_(find_byte_tokens(vocabulary)),
      options_(options) {}

std::optional<TokenId> RankedBpe::find(std::string_view text) const {
  const auto id = vocabulary_->find(text);
  if (id && !forms_from_text(vocabulary_->kind(*id))) return std::nullopt;
  return id;
}

void RankedBpe::append_unknown(std::string_view piece, std::size_t at, std::uint32_t length,
                               std::vector<Symbol>& symbols) const {
  const auto begin = static_cast<std::uint32_t>(at);
  const std::string_view bytes = piece.substr(at, length);
  const auto token_of = [this](char c) { return byte_tokens_[static_cast<unsigned char>(c)]; };
  if (options_.byte_fallback &&
      std::ranges::all_of(bytes, [&](char c) { return token_of(c) >= 0; })) {
    for (std::uint32_t i = 0; i < length; ++i)
      symbols.push_back({token_of(bytes[i]), begin + i, 1});
    return;
  }
  if (!options_.unknown) return;
  if (options_.fuse_unknown && !symbols.empty() && symbols.back().id == *options_.unknown) {
    symbols.back().length += length;
  } else {
    symbols.push_back({*options_.unknown, begin, length});
  }
}

void RankedBpe::encode(std::string_view piece, std::vector<TokenId>& out) const {
  if (options_.ignore_merges) {
    if (const auto whole = find(piece)) {
      out.push_back(*whole);
      return;
    }
  }
  std::vector<Symbol> symbols;
  for (std::size_t at = 0; at < piece.size();) {
    const std::uint8_t length = utf8::decode(piece, at).length;
    if (const auto id = find(piece.substr(at, length))) {
      symbols.push_back({*id, static_cast<std::uint32_t>(at), length});
    } else {
      append_unknown(piece, at, length, symbols);
    }
    at += length;
  }
  merge_symbols(symbols, [this](const Symbol& left, const Symbol& right) {
    return merges_.find(left.id, right.id);
  });
  for (const Symbol& symbol : symbols) out.push_back(symbol.id);
}

}  // namespace croft

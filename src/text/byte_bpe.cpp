#include "text/byte_bpe.h"

#include "text/byte_alphabet.h"
#include "text/utf8.h"

namespace croft {
namespace {

/// A thread keeps its scratch memory between words, but not that of a giant one (12 bytes a
/// symbol).
constexpr std::size_t kept_symbols_max = 64 * 1024;

}  // namespace

ByteBpe::ByteBpe(const Vocabulary& vocabulary, const std::vector<SpeltMerge>& merges,
                 bool ignore_merges)
    : vocabulary_(&vocabulary), ignore_merges_(ignore_merges) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string spelling;
    utf8::append(spelling, spell_byte(static_cast<unsigned char>(byte)));
    byte_tokens_[byte] = vocabulary.find(spelling).value_or(-1);
  }
  merges_ = make_merge_table(vocabulary, merges);
  if (!ignore_merges) return;
  std::vector<bool> skip(vocabulary.size());
  for (std::size_t i = 0; i < skip.size(); ++i) {
    skip[i] = vocabulary.kind(static_cast<TokenId>(i)) != TokenKind::Normal;
  }
  whole_pieces_.build(vocabulary.texts(), &skip);
}

void ByteBpe::encode(std::string_view piece, std::vector<TokenId>& out) const {
  if (ignore_merges_) {
    if (const auto whole = whole_pieces_.find(vocabulary_->texts(), piece)) {
      out.push_back(*whole);
      return;
    }
  }
  thread_local std::vector<Symbol> symbols;
  symbols.clear();
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const TokenId id = byte_tokens_[static_cast<unsigned char>(piece[i])];
    if (id >= 0) symbols.push_back({id, static_cast<std::uint32_t>(i), 1});
  }
  merge_symbols(symbols, [this](const Symbol& left, const Symbol& right) {
    return merges_.find(left.id, right.id);
  });
  for (const Symbol& symbol : symbols) out.push_back(symbol.id);
  if (symbols.capacity() > kept_symbols_max) symbols = {};
}

}  // namespace croft

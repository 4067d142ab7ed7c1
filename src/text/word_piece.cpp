#include "text/word_piece.h"

#include <algorithm>
#include <utility>

#include "text/utf8.h"

namespace croft {
namespace {

std::size_t count_chars(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

WordPiece::WordPiece(const Vocabulary& vocabulary, WordPieceOptions options)
    : vocabulary_(&vocabulary), options_(std::move(options)) {}

std::optional<WordPiece::Found> WordPiece::longest(std::string_view rest, bool at_start) const {
  const std::string& prefix = at_start ? options_.start_prefix : options_.next_prefix;
  const std::size_t longest_piece = vocabulary_->piece_bytes_max();
  if (prefix.size() >= longest_piece) return std::nullopt;
  std::string candidate = prefix;
  candidate += rest.substr(0, longest_piece - prefix.size());
  while (candidate.size() > prefix.size()) {
    const auto id = vocabulary_->find(candidate);
    if (id && forms_from_text(vocabulary_->kind(*id))) {
      return Found{*id, candidate.size() - prefix.size()};
    }
    candidate.pop_back();
  }
  return std::nullopt;
}

void WordPiece::encode(std::string_view piece, std::vector<TokenId>& out) const {
  const std::size_t size_before = out.size();
  bool known = count_chars(piece) <= options_.word_chars_max;
  for (std::size_t at = 0; known && at < piece.size();) {
    const auto found = longest(piece.substr(at), at == 0);
    if (found) {
      out.push_back(found->id);
      at += found->length;
    }
    known = found.has_value();
  }
  if (known) return;
  out.resize(size_before);
  if (options_.unknown) out.push_back(*options_.unknown);
}

}  // namespace croft

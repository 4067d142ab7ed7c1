#pragma once
/// The pieces of a vocabulary: spelling, decoded text, kind and score, and the search by spelling.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace croft {

/// Many short strings in one block of memory.
class StringTable {
 public:
  void reserve(std::size_t count) { ends_.reserve(count); }
  void add(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(bytes_.size());
  }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

/// A hash table from text to its place in a StringTable (open addressing, at most half full).
class StringIndex {
 public:
  /// Where a text occurs twice, the later entry is found. Entries for which `skip` (may be null) is
  /// set are left out.
  void build(const StringTable& table, const std::vector<bool>* skip = nullptr);
  [[nodiscard]] std::optional<TokenId> find(const StringTable& table, std::string_view text) const;

 private:
  struct Slot {
    std::uint32_t hash = 0;
    TokenId id = -1;
  };
  std::vector<Slot> slots_;
};

class Vocabulary {
 public:
  void reserve(std::size_t count);
  /// `text`: the bytes that this token stands for in decoded text.
  void add(std::string_view piece, std::string_view text, TokenKind kind, float score);
  /// Call once, after the last `add` and before the first `find`.
  void finish() { index_.build(pieces_); }

  [[nodiscard]] std::size_t size() const { return kinds_.size(); }
  [[nodiscard]] bool holds(std::int64_t id) const {
    return id >= 0 && static_cast<std::uint64_t>(id) < size();
  }
  [[nodiscard]] std::string_view piece(TokenId id) const { return pieces_[index_of(id)]; }
  [[nodiscard]] std::string_view text(TokenId id) const { return texts_[index_of(id)]; }
  [[nodiscard]] TokenKind kind(TokenId id) const { return kinds_[index_of(id)]; }
  [[nodiscard]] float score(TokenId id) const { return scores_[index_of(id)]; }
  [[nodiscard]] std::optional<TokenId> find(std::string_view piece) const {
    return index_.find(pieces_, piece);
  }
  [[nodiscard]] const StringTable& texts() const { return texts_; }
  [[nodiscard]] std::size_t piece_bytes_max() const { return piece_bytes_max_; }

 private:
  static std::size_t index_of(TokenId id) { return static_cast<std::size_t>(id); }

  StringTable pieces_;
  StringTable texts_;
  std::vector<TokenKind> kinds_;
  std::vector<float> scores_;
  StringIndex index_;
  std::size_t piece_bytes_max_ = 0;
};

/// The byte of a piece such as "<0x0A>"; nullopt for every other spelling, also for "<0x-1>".
[[nodiscard]] std::optional<std::uint8_t> byte_of_piece(std::string_view piece);

/// The byte tokens ("<0x0A>") of a vocabulary; -1 where one is missing.
using ByteTokens = std::array<TokenId, 256>;
[[nodiscard]] ByteTokens find_byte_tokens(const Vocabulary& vocabulary);

/// Whether ordinary text may form this token: not control, unknown, unused or byte tokens, so that
/// no text can spell its way to a control token through merges.
[[nodiscard]] bool forms_from_text(TokenKind kind);

}  // namespace croft

#pragma once
/// Which words are in which list: given names, family names, places, firms, common words. A table
/// of fingerprints: one word in a hundred million that is in none is taken for another.
///
/// Threads: reading is safe from any number at once.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace croft::privacy {

enum NameList : std::uint8_t {
  kGivenName = 1,
  kFamilyName = 2,
  kCity = 4,
  kRegion = 8,  ///< a country, state or province
  kFirm = 16,
  kPeople = 32,         ///< "Dutch", "Catholic"
  kCommonWord = 64,     ///< a word that every text has; its identity is a feature
  kBeginsLonger = 128,  ///< the first token of an entry of several
};
inline constexpr std::uint8_t kNamesOfLists =
    kGivenName | kFamilyName | kCity | kRegion | kFirm | kPeople;

class NameLists {
 public:
  static constexpr std::size_t slots_max = std::size_t{1} << 20;
  /// Empty: every answer is 0.
  NameLists() = default;
  /// Slots as slots() gave them. Requires a power of two, at least one free slot.
  explicit NameLists(std::vector<std::uint32_t> slots);

  /// Bits of all lists that have this hash (name_hash, name_hash_pair); 0: none has.
  [[nodiscard]] std::uint8_t find(std::uint32_t hash) const {
    for (std::size_t slot = hash & mask_;; slot = (slot + 1) & mask_) {
      const std::uint32_t entry = slots_[slot];
      if (entry == 0) return 0;
      if (((entry ^ fingerprint(hash)) & 0xFFFFFF00u) == 0)
        return static_cast<std::uint8_t>(entry & 0xFFu);
    }
  }
  [[nodiscard]] std::span<const std::uint32_t> slots() const { return slots_; }

  /// High bits of another mixing of the hash: the slot alone has few bits of it.
  [[nodiscard]] static constexpr std::uint32_t fingerprint(std::uint32_t hash) {
    return (hash * 0x9E3779B1u ^ hash >> 7) & 0xFFFFFF00u;
  }

 private:
  std::vector<std::uint32_t> slots_ = {0};
  std::size_t mask_ = 0;
};

/// Collects entries, then makes the table.
class NameListsBuilder {
 public:
  /// An entry of one to three tokens; longer ones and empty ones are left out.
  void add(std::string_view entry, NameList list);
  [[nodiscard]] NameLists build();

 private:
  struct Entry {
    std::uint32_t hash;
    std::uint8_t lists;
  };
  std::vector<Entry> entries_;
};

}  // namespace croft::privacy

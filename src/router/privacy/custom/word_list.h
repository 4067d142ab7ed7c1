#pragma once
/// Lists of words to find: names of staff, projects, products. Whole words, whatever their case and
/// accents, and whatever stands between them: "Ludwig Beck" also finds "LUDWIG  BECK" and
/// "Ludwig-Beck".
///
/// Each entry is one 64-bit hash of its words, so that 100,000 entries take a few MB and a text is
/// looked at once: up to as many look-ups a word as the longest entry with that first word has.
/// Threads: reading is safe from any number at once.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "router/privacy/find_entities.h"

namespace croft::privacy {

class WordLists {
 public:
  static constexpr std::size_t entries_max = 1'000'000;  ///< of all lists together
  static constexpr std::size_t words_max = 16;           ///< of an entry

  /// Adds one entry a line; empty lines and lines that begin with # are left out. Errors:
  /// InvalidArgument, naming `name` and the line: not UTF-8, an entry without a word or with too
  /// many; TooLarge.
  Result<void> add(std::string_view lines, std::string_view name, EntityType type);
  /// To be called once, after the last add().
  void finish();

  /// Appends what is found; of entries that begin at the same word the longest. False where the
  /// deadline passed first.
  bool find(std::string_view text, const Clock::time_point* deadline,
            std::vector<Finding>& findings) const;
  [[nodiscard]] std::size_t entries_count() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    std::uint64_t hash;
    EntityType type;
  };
  /// The first word of some entry, and how many words the longest of them has.
  struct Begin {
    std::uint64_t hash;
    std::uint8_t words_most;
  };
  template <typename T>
  struct Table {
    std::vector<T> slots;
    void fill(const std::vector<T>& values);
    [[nodiscard]] const T* find(std::uint64_t hash) const;
  };

  std::vector<Entry> entries_;
  std::vector<Begin> begins_;
  Table<Entry> entry_table_;
  Table<Begin> begin_table_;
};

}  // namespace croft::privacy

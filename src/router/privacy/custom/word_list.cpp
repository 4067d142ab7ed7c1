#include "router/privacy/custom/word_list.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "router/privacy/characters.h"
#include "router/privacy/names/name_tokens.h"
#include "text/utf8.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kWordsBetweenLooks = 4096;

constexpr std::uint64_t finished(std::uint64_t hash) {
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ull;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBull;
  hash ^= hash >> 31;
  return hash | 1;  // 0 marks a free slot
}

struct TextWord {
  std::size_t start;
  std::size_t end;
  std::uint64_t hash;
};

/// Reads the next run of letters and digits from `at` on; false at the end of the text.
bool next_word(std::string_view text, std::size_t& at, TextWord& word) {
  while (at < text.size() && !is(text[at], kWord)) ++at;
  if (at == text.size()) return false;
  word = {at, at, 0x9E3779B97F4A7C15ull};
  while (at < text.size() && is(text[at], kWord)) {
    const PlainLetter letter = plain_letter(text, at);
    for (std::size_t i = 0; i < letter.bytes; ++i) {
      // A letter with an accent counts as the plain one, once; all else byte by byte.
      const char c = letter.plain != '\0' ? lower(letter.plain) : text[at + i];
      word.hash = (word.hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
      if (letter.plain != '\0') break;
    }
    at += letter.bytes;
  }
  word.end = at;
  return true;
}

constexpr std::uint64_t joined(std::uint64_t hash, std::uint64_t word) {
  return (hash ^ word) * 0xD6E8FEB86659FD93ull + 0x632BE59BD9B4E019ull;
}

}  // namespace

template <typename T>
void WordLists::Table<T>::fill(const std::vector<T>& values) {
  slots.assign(std::bit_ceil(2 * values.size() + 2), T{});
  const std::size_t mask = slots.size() - 1;
  for (const T& value : values) {
    std::size_t slot = value.hash & mask;
    while (slots[slot].hash != 0 && slots[slot].hash != value.hash) slot = (slot + 1) & mask;
    if (slots[slot].hash == 0) slots[slot] = value;
  }
}

template <typename T>
const T* WordLists::Table<T>::find(std::uint64_t hash) const {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t slot = hash & mask; slots[slot].hash != 0; slot = (slot + 1) & mask)
    if (slots[slot].hash == hash) return &slots[slot];
  return nullptr;
}

Result<void> WordLists::add(std::string_view lines, std::string_view name, EntityType type) {
  std::size_t number = 0;
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto wrong = [&](const std::string& what, const std::string& hint) {
      return fail(ErrorCode::InvalidArgument,
                  std::string(name) + ", line " + std::to_string(number) + " " + what, hint);
    };
    if (!utf8::is_valid(line)) return wrong("is not UTF-8", "Save the list as UTF-8");
    std::uint64_t first = 0;
    std::uint64_t hash = 0;
    std::size_t words = 0;
    TextWord word{};
    for (std::size_t at = 0; next_word(line, at, word); ++words) {
      if (words == 0) first = finished(word.hash);
      hash = joined(hash, word.hash);
    }
    if (words == 0) return wrong("has no letter or digit", "Each line is a word or a few to find");
    if (words > words_max)
      return wrong("has " + std::to_string(words) + " words",
                   "An entry has at most " + std::to_string(words_max));
    if (entries_.size() == entries_max)
      return fail(ErrorCode::TooLarge,
                  "the word lists have more than " + std::to_string(entries_max) + " entries",
                  "Take shorter lists");
    entries_.push_back({finished(hash), type});
    begins_.push_back({first, static_cast<std::uint8_t>(words)});
  }
  return {};
}

void WordLists::finish() {
  std::ranges::sort(begins_, [](const Begin& a, const Begin& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.words_most > b.words_most;
  });
  // fill() keeps the first of equals: the one with most words.
  begin_table_.fill(begins_);
  entry_table_.fill(entries_);
  begins_ = {};
}

bool WordLists::find(std::string_view text, const Clock::time_point* deadline,
                     std::vector<Finding>& findings) const {
  if (entries_.empty()) return true;
  // The last words read, the oldest of which is where an entry may begin.
  std::array<TextWord, words_max> ring{};
  std::size_t read = 0;
  std::size_t at = 0;
  bool has_more = true;
  for (std::size_t begin = 0; has_more || begin < read; ++begin) {
    if (begin % kWordsBetweenLooks == 0 && deadline != nullptr && Clock::now() > *deadline)
      return false;
    while (has_more && read < begin + words_max) {
      TextWord word{};
      has_more = next_word(text, at, word);
      if (has_more) ring[read++ % words_max] = word;
    }
    if (begin == read) break;
    const Begin* const first = begin_table_.find(finished(ring[begin % words_max].hash));
    if (first == nullptr) continue;
    std::uint64_t hash = 0;
    const Entry* longest = nullptr;
    std::size_t end = 0;
    for (std::size_t i = begin; i < std::min<std::size_t>(read, begin + first->words_most); ++i) {
      const TextWord& word = ring[i % words_max];
      hash = joined(hash, word.hash);
      if (const Entry* const entry = entry_table_.find(finished(hash))) {
        longest = entry;
        end = word.end;
      }
    }
    if (longest != nullptr)
      findings.push_back({longest->type, ring[begin % words_max].start, end, 0.95f});
  }
  return true;
}

std::size_t WordLists::bytes() const {
  return entries_.capacity() * sizeof(Entry) + entry_table_.slots.capacity() * sizeof(Entry) +
         begin_table_.slots.capacity() * sizeof(Begin);
}

}  // namespace croft::privacy

#include "template/word_wrap.h"

#include <algorithm>
#include <deque>

#include "template/unicode.h"

namespace croft::jinja {
namespace {

/// textwrap's own white space: ASCII only.
bool is_gap(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

struct Chunk {
  std::size_t begin;
  std::size_t end;
  std::size_t length;  ///< characters
  bool is_space;
};

/// Whether the word may be cut after the hyphen at `at`: two letters before it, two after.
bool may_cut_after(std::string_view text, std::size_t at) {
  const auto letter = [&](std::size_t i) {
    return i < text.size() && (std::isalpha(static_cast<unsigned char>(text[i])) != 0 ||
                               static_cast<unsigned char>(text[i]) >= 0x80 || text[i] == '_');
  };
  return at >= 2 && letter(at - 1) && letter(at - 2) && letter(at + 1) && letter(at + 2);
}

std::deque<Chunk> chunks_of(std::string_view text, const WrapStyle& style) {
  std::deque<Chunk> out;
  const auto push = [&](std::size_t begin, std::size_t end, bool is_space) {
    if (begin < end)
      out.push_back({begin, end, count_code_points(text.substr(begin, end - begin)), is_space});
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t begin = at;
    const bool space = is_gap(text[at]);
    while (at < text.size() && is_gap(text[at]) == space) {
      ++at;
      if (!space && style.break_on_hyphens && text[at - 1] == '-' && may_cut_after(text, at - 1)) {
        push(begin, at, false);
        begin = at;
      }
    }
    push(begin, at, space);
  }
  return out;
}

/// Cuts the first `room` characters off a word that fits on no line.
Chunk cut_long_word(std::string_view text, Chunk& word, std::size_t room) {
  const std::size_t bytes = byte_offset(text.substr(word.begin, word.end - word.begin), room);
  const Chunk head{word.begin, word.begin + bytes, room, false};
  word.begin = head.end;
  word.length -= room;
  return head;
}

}  // namespace

std::vector<Value> wrap_line(Heap& heap, const Text& line, const WrapStyle& style) {
  std::vector<Value> lines;
  std::deque<Chunk> chunks = chunks_of(line.bytes, style);
  heap.step(chunks.size());
  while (!chunks.empty()) {
    heap.step();
    if (chunks.front().is_space && !lines.empty()) {
      chunks.pop_front();
      if (chunks.empty()) break;
    }
    std::vector<Chunk> taken;
    std::size_t length = 0;
    while (!chunks.empty() && length + chunks.front().length <= style.width) {
      length += chunks.front().length;
      taken.push_back(chunks.front());
      chunks.pop_front();
    }
    if (!chunks.empty() && chunks.front().length > style.width) {
      const std::size_t room = std::max<std::size_t>(style.width - length, 1);
      if (style.break_long_words && length < style.width) {
        taken.push_back(cut_long_word(line.bytes, chunks.front(), room));
      } else if (taken.empty()) {
        taken.push_back(chunks.front());
        chunks.pop_front();
      }
    }
    if (!taken.empty() && taken.back().is_space) taken.pop_back();
    if (!taken.empty())
      lines.push_back(make_slice(heap, line, taken.front().begin, taken.back().end));
  }
  return lines;
}

}  // namespace croft::jinja

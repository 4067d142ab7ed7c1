// Taking str apart: split, splitlines, partition.

#include <algorithm>
#include <array>

#include "template/arguments.h"
#include "template/methods.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

/// Runs of characters that are no white space, as byte ranges.
std::vector<ByteRange> words_of(Heap& heap, std::string_view text) {
  std::vector<ByteRange> words;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const bool space = is_space(next_code_point(text, at));
    if (!space && !in_word) {
      heap.step();
      words.push_back({begin, at});
    }
    if (!space) words.back().end = at;
    in_word = !space;
  }
  return words;
}

void split_on_space(Heap& heap, const Text& text, std::size_t splits_max, bool from_right,
                    std::vector<Value>& out) {
  std::vector<ByteRange> words = words_of(heap, text.bytes);
  if (words.size() > splits_max + 1) {
    // What is left over stays in one piece: the tail for split, the head for rsplit.
    if (from_right) {
      const std::size_t kept = words.size() - splits_max;
      words[kept - 1].begin = words[0].begin;
      words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(kept - 1));
      words[0].begin = 0;
    } else {
      words.resize(splits_max + 1);
      words.back().end = text.bytes.size();
    }
  }
  for (const ByteRange& word : words) out.push_back(make_slice(heap, text, word.begin, word.end));
}

std::vector<std::size_t> hits_of(Heap& heap, std::string_view text, std::string_view separator) {
  std::vector<std::size_t> hits;
  for (std::size_t at = find_bytes(text, separator); at != std::string_view::npos;
       at = find_bytes(text, separator, at + separator.size())) {
    heap.step();
    hits.push_back(at);
  }
  return hits;
}

/// Occurrences as rsplit meets them: from the right, without overlap.
std::vector<std::size_t> hits_from_right(Heap& heap, std::string_view text,
                                         std::string_view separator, std::size_t count_max) {
  const std::string backwards(text.rbegin(), text.rend());
  const std::string needle(separator.rbegin(), separator.rend());
  std::vector<std::size_t> hits = hits_of(heap, backwards, needle);
  if (hits.size() > count_max) hits.resize(count_max);
  for (std::size_t& hit : hits) hit = text.size() - hit - separator.size();
  std::reverse(hits.begin(), hits.end());
  return hits;
}

template <bool from_right>
Value split(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound(from_right ? "rsplit()" : "split()", args, {"sep", "maxsplit"});
  std::vector<Value> out;
  const Text* separator = bound.has_value(0) ? &bound.text(0) : nullptr;
  split_text(interpreter.heap(), self, separator, bound.integer(1, -1), from_right, out);
  return make_list(interpreter.heap(), std::move(out));
}

Value splitlines(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("splitlines()", args, {"keepends"});
  return make_list(interpreter.heap(), split_lines(interpreter.heap(), self, bound.flag(0)));
}

template <bool from_right>
Value partition(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound(from_right ? "rpartition()" : "partition()", args, {"sep"}, 1);
  Heap& heap = interpreter.heap();
  const Text& separator = bound.text(0);
  if (separator.bytes.empty()) stop("empty separator");
  heap.work(self.bytes.size());
  const std::size_t hit = from_right ? find_last_bytes(self.bytes, separator.bytes)
                                     : find_bytes(self.bytes, separator.bytes);
  const std::size_t size = self.bytes.size();
  const Value empty = make_text(heap, "");
  if (hit == std::string_view::npos) {
    const Value whole = make_slice(heap, self, 0, size);
    return make_tuple(heap, from_right ? std::vector<Value>{empty, empty, whole}
                                       : std::vector<Value>{whole, empty, empty});
  }
  return make_tuple(heap, {make_slice(heap, self, 0, hit), bound[0],
                           make_slice(heap, self, hit + separator.bytes.size(), size)});
}

struct Entry {
  std::string_view name;
  StringMethod method;
};

constexpr std::array<Entry, 5> table{{{"split", split<false>},
                                      {"rsplit", split<true>},
                                      {"splitlines", splitlines},
                                      {"partition", partition<false>},
                                      {"rpartition", partition<true>}}};

}  // namespace

void split_text(Heap& heap, const Text& text, const Text* separator, std::int64_t splits_max,
                bool from_right, std::vector<Value>& out) {
  const std::size_t limit =
      splits_max < 0 ? text.bytes.size() + 1 : static_cast<std::size_t>(splits_max);
  heap.work(text.bytes.size());
  if (separator == nullptr) {
    split_on_space(heap, text, limit, from_right, out);
    return;
  }
  if (separator->bytes.empty()) stop("empty separator");
  std::vector<std::size_t> hits = from_right
                                      ? hits_from_right(heap, text.bytes, separator->bytes, limit)
                                      : hits_of(heap, text.bytes, separator->bytes);
  if (hits.size() > limit) hits.resize(limit);
  std::size_t begin = 0;
  for (const std::size_t hit : hits) {
    out.push_back(make_slice(heap, text, begin, hit));
    begin = hit + separator->bytes.size();
  }
  out.push_back(make_slice(heap, text, begin, text.bytes.size()));
}

std::vector<Value> split_lines(Heap& heap, const Text& text, bool keep_ends) {
  std::vector<Value> out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.bytes.size();) {
    const std::size_t end = at;
    const char32_t c = next_code_point(text.bytes, at);
    if (!is_line_break(c)) continue;
    if (c == '\r' && at < text.bytes.size() && text.bytes[at] == '\n') ++at;
    heap.step();
    out.push_back(make_slice(heap, text, begin, keep_ends ? at : end));
    begin = at;
  }
  if (begin < text.bytes.size()) out.push_back(make_slice(heap, text, begin, text.bytes.size()));
  return out;
}

StringMethod find_string_split_method(std::string_view name) {
  for (const Entry& entry : table) {
    if (entry.name == name) return entry.method;
  }
  return nullptr;
}

}  // namespace croft::jinja

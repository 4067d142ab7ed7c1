// Searching in str: find, count, startswith ...

#include <algorithm>
#include <array>

#include "template/arguments.h"
#include "template/methods.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

/// The part of a text that optional start and end arguments select, in bytes.
struct Window {
  std::size_t begin;
  std::size_t end;
  bool is_valid;  ///< false where start lies behind end: nothing is found, not even ""
};

Window window_of(const Text& text, const Bound& bound, std::size_t first) {
  const auto length = static_cast<std::int64_t>(count_code_points(text.bytes));
  const auto index = [&](std::size_t i, std::int64_t fallback) {
    std::int64_t value = bound.has_value(i) ? bound.integer(i, 0) : fallback;
    if (value < 0) value = std::max<std::int64_t>(value + length, 0);
    return value;
  };
  const std::int64_t start = index(first, 0);
  const std::int64_t end = std::min(index(first + 1, length), length);
  if (start > end) return {0, 0, false};
  return {byte_offset(text.bytes, static_cast<std::size_t>(start)),
          byte_offset(text.bytes, static_cast<std::size_t>(end)), true};
}

enum class Direction : std::uint8_t { Forward, Backward };

/// Code point index of the needle, -1 where it is not there.
std::int64_t search(Interpreter& interpreter, const Text& self, const Bound& bound,
                    Direction direction) {
  interpreter.heap().work(self.bytes.size() * 2);
  const Window window = window_of(self, bound, 1);
  if (!window.is_valid) return -1;
  const auto part = std::string_view(self.bytes).substr(window.begin, window.end - window.begin);
  const std::string_view needle = bound.text(0).bytes;
  const std::size_t hit =
      direction == Direction::Forward ? find_bytes(part, needle) : find_last_bytes(part, needle);
  if (hit == std::string_view::npos) return -1;
  return static_cast<std::int64_t>(
      count_code_points(std::string_view(self.bytes).substr(0, window.begin + hit)));
}

template <Direction direction>
Value find(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("find()", args, {"sub", "start", "end"}, 1);
  return Value::of(search(interpreter, self, bound, direction));
}

template <Direction direction>
Value index(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("index()", args, {"sub", "start", "end"}, 1);
  const std::int64_t found = search(interpreter, self, bound, direction);
  if (found < 0) stop("substring not found");
  return Value::of(found);
}

Value count(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("count()", args, {"sub", "start", "end"}, 1);
  interpreter.heap().work(self.bytes.size());
  const Window window = window_of(self, bound, 1);
  if (!window.is_valid) return Value::of(std::int64_t{0});
  const auto part = std::string_view(self.bytes).substr(window.begin, window.end - window.begin);
  const std::string_view needle = bound.text(0).bytes;
  if (needle.empty()) return Value::of(static_cast<std::int64_t>(count_code_points(part)) + 1);
  std::int64_t found = 0;
  for (std::size_t at = find_bytes(part, needle); at != std::string_view::npos;
       at = find_bytes(part, needle, at + needle.size())) {
    ++found;
  }
  return Value::of(found);
}

enum class Edge : std::uint8_t { Start, End };

template <Edge edge>
Value has_edge(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound(edge == Edge::Start ? "startswith()" : "endswith()", args,
                    {"prefix", "start", "end"}, 1);
  const Window window = window_of(self, bound, 1);
  const auto part = std::string_view(self.bytes).substr(window.begin, window.end - window.begin);
  const auto matches = [&](const Value& affix) {
    if (!affix.is_string()) {
      refuse_undefined(affix);
      stop("startswith and endswith take a str or a tuple of str, not " + type_name(affix));
    }
    interpreter.heap().work(affix.bytes().size());
    return window.is_valid &&
           (edge == Edge::Start ? part.starts_with(affix.bytes()) : part.ends_with(affix.bytes()));
  };
  if (!bound[0].is(Kind::Tuple)) return Value::of(matches(bound[0]));
  const auto& affixes = bound[0].as<ListObject>().items;
  return Value::of(std::any_of(affixes.begin(), affixes.end(), matches));
}

template <Edge edge>
Value remove_edge(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound(edge == Edge::Start ? "removeprefix()" : "removesuffix()", args, {"affix"}, 1);
  const std::string_view affix = bound.text(0).bytes;
  const std::size_t size = self.bytes.size();
  if (edge == Edge::Start) {
    const bool matches = std::string_view(self.bytes).starts_with(affix);
    return make_slice(interpreter.heap(), self, matches ? affix.size() : 0, size);
  }
  const bool matches = std::string_view(self.bytes).ends_with(affix);
  return make_slice(interpreter.heap(), self, 0, matches ? size - affix.size() : size);
}

struct Entry {
  std::string_view name;
  StringMethod method;
};

constexpr std::array<Entry, 9> table{{{"find", find<Direction::Forward>},
                                      {"rfind", find<Direction::Backward>},
                                      {"index", index<Direction::Forward>},
                                      {"rindex", index<Direction::Backward>},
                                      {"count", count},
                                      {"startswith", has_edge<Edge::Start>},
                                      {"endswith", has_edge<Edge::End>},
                                      {"removeprefix", remove_edge<Edge::Start>},
                                      {"removesuffix", remove_edge<Edge::End>}}};

}  // namespace

StringMethod find_string_search_method(std::string_view name) {
  for (const Entry& entry : table) {
    if (entry.name == name) return entry.method;
  }
  return nullptr;
}

}  // namespace croft::jinja

// The other methods of str: strip, replace, join, padding, format.

#include <algorithm>
#include <array>

#include "template/arguments.h"
#include "template/format.h"
#include "template/methods.h"
#include "template/print.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

template <bool left, bool right>
Value strip(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("strip()", args, {"chars"});
  return strip_text(interpreter.heap(), self, bound.has_value(0) ? &bound.text(0) : nullptr, left,
                    right);
}

Value replace(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("replace()", args, {"old", "new", "count"}, 2);
  return replace_text(interpreter.heap(), self, bound.text(0), bound.text(1), bound.integer(2, -1));
}

Value join(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("join()", args, {"iterable"}, 1);
  return join_text(interpreter.heap(), self, items_of(interpreter.heap(), bound[0]), false);
}

template <Align align>
Value justify(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("ljust(), rjust() and center()", args, {"width", "fillchar"}, 1);
  const TextRef fill =
      bound.has(1) ? (static_cast<void>(bound.text(1)), bound[1].text_ref()) : constant_text(" ");
  if (count_code_points(fill->bytes) != 1)
    stop("The fill character must be exactly one character long");
  return pad_text(interpreter.heap(), self, bound.integer(0, 0), *fill, align);
}

Value zfill(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("zfill()", args, {"width"}, 1);
  const bool has_sign = !self.bytes.empty() && (self.bytes[0] == '+' || self.bytes[0] == '-');
  const std::int64_t missing =
      bound.integer(0, 0) - static_cast<std::int64_t>(count_code_points(self.bytes));
  TextBuilder out(interpreter.heap());
  const std::size_t sign = has_sign ? 1 : 0;
  out.append_slice(self, 0, sign);
  if (missing > 0) out.repeat(*constant_text("0"), static_cast<std::size_t>(missing));
  out.append_slice(self, sign, self.bytes.size());
  return Value::of(out.finish(self.markup));
}

Value expandtabs(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound bound("expandtabs()", args, {"tabsize"});
  const std::int64_t size = bound.integer(0, 8);
  TextBuilder out(interpreter.heap());
  std::int64_t column = 0;
  for (std::size_t at = 0; at < self.bytes.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(self.bytes, at);
    if (c == '\t') {
      const std::int64_t count = size > 0 ? size - column % size : 0;
      out.repeat(*constant_text(" "), static_cast<std::size_t>(count));
      column = size > 0 ? 0 : column;
    } else {
      out.append_slice(self, begin, at);
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
  }
  return Value::of(out.finish(self.markup));
}

Value format(Interpreter& interpreter, const Text& self, const Args& args) {
  return format_braces(interpreter, self, args);
}

Value refused(Interpreter&, const Text&, const Args&) {
  stop(
      "this method of str is not supported in chat templates (encode, translate, maketrans, "
      "format_map)");
}

struct Entry {
  std::string_view name;
  StringMethod method;
};

constexpr std::array<Entry, 15> table{{{"strip", strip<true, true>},
                                       {"lstrip", strip<true, false>},
                                       {"rstrip", strip<false, true>},
                                       {"replace", replace},
                                       {"join", join},
                                       {"ljust", justify<Align::Left>},
                                       {"rjust", justify<Align::Right>},
                                       {"center", justify<Align::Center>},
                                       {"zfill", zfill},
                                       {"expandtabs", expandtabs},
                                       {"format", format},
                                       {"format_map", refused},
                                       {"encode", refused},
                                       {"translate", refused},
                                       {"maketrans", refused}}};

}  // namespace

Value strip_text(Heap& heap, const Text& text, const Text* characters, bool left, bool right) {
  const auto strips = [&](std::size_t begin, std::size_t end) {
    if (characters == nullptr) {
      std::size_t at = begin;
      return is_space(next_code_point(text.bytes, at));
    }
    // A whole UTF-8 sequence cannot match in the middle of another.
    return find_bytes(characters->bytes, std::string_view(text.bytes).substr(begin, end - begin)) !=
           std::string_view::npos;
  };
  std::size_t begin = 0;
  std::size_t end = text.bytes.size();
  while (left && begin < end) {
    std::size_t after = begin;
    next_code_point(text.bytes, after);
    if (!strips(begin, after)) break;
    begin = after;
    heap.work(characters == nullptr ? 1 : characters->bytes.size());
  }
  while (right && end > begin) {
    std::size_t before = end - 1;
    while (before > begin && (static_cast<unsigned char>(text.bytes[before]) & 0xC0) == 0x80)
      --before;
    if (!strips(before, end)) break;
    end = before;
    heap.work(characters == nullptr ? 1 : characters->bytes.size());
  }
  return make_slice(heap, text, begin, end);
}

Value replace_text(Heap& heap, const Text& text, const Text& old, const Text& with,
                   std::int64_t count_max) {
  const std::size_t limit =
      count_max < 0 ? static_cast<std::size_t>(-1) : static_cast<std::size_t>(count_max);
  TextBuilder out(heap);
  std::size_t plain = 0;
  std::size_t done = 0;
  if (old.bytes.empty()) {
    // Python puts the new text between all characters.
    for (std::size_t at = 0; done < limit; ++done) {
      out.append_slice(text, plain, at);
      plain = at;
      out.append(with);
      heap.step();
      if (at == text.bytes.size()) break;
      next_code_point(text.bytes, at);
    }
  } else {
    heap.work(text.bytes.size());
    for (std::size_t hit = find_bytes(text.bytes, old.bytes);
         hit != std::string_view::npos && done < limit;
         hit = find_bytes(text.bytes, old.bytes, plain), ++done) {
      out.append_slice(text, plain, hit);
      out.append(with);
      plain = hit + old.bytes.size();
    }
  }
  out.append_slice(text, plain, text.bytes.size());
  return Value::of(out.finish(text.markup));
}

Value join_text(Heap& heap, const Text& separator, const std::vector<Value>& items, bool convert) {
  TextBuilder out(heap);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.append(separator);
    if (!convert && !items[i].is_string()) {
      stop("sequence item " + std::to_string(i) + ": expected str instance, " +
           type_name(items[i]) + " found");
    }
    append_str(out, items[i]);
  }
  return Value::of(out.finish());
}

Value pad_text(Heap& heap, const Text& text, std::int64_t width, const Text& fill, Align align) {
  const auto length = static_cast<std::int64_t>(count_code_points(text.bytes));
  const std::int64_t padding = std::max<std::int64_t>(width - length, 0);
  std::int64_t left = align == Align::Right ? padding : 0;
  // Python's rule for an odd rest: it goes left where the width is odd too.
  if (align == Align::Center) left = padding / 2 + (padding & width & 1);
  TextBuilder out(heap);
  out.repeat(fill, static_cast<std::size_t>(left));
  out.append(text);
  out.repeat(fill, static_cast<std::size_t>(padding - left));
  return Value::of(out.finish(text.markup));
}

StringMethod find_string_method(std::string_view name) {
  for (const Entry& entry : table) {
    if (entry.name == name) return entry.method;
  }
  for (const auto find :
       {find_string_case_method, find_string_search_method, find_string_split_method}) {
    if (const StringMethod found = find(name)) return found;
  }
  return nullptr;
}

}  // namespace croft::jinja

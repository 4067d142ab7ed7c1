// Case and character classes of str.

#include <array>

#include "template/arguments.h"
#include "template/methods.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

bool is_final_sigma(std::string_view text, std::size_t begin, std::size_t after) {
  if (begin == 0) return false;
  std::size_t previous = begin - 1;
  while (previous > 0 && (static_cast<unsigned char>(text[previous]) & 0xC0) == 0x80) --previous;
  const bool letter_before = is_alpha(next_code_point(text, previous));
  return letter_before && (after >= text.size() || !is_alpha(next_code_point(text, after)));
}

void append_lower_in(std::string& out, std::string_view text, std::size_t begin, std::size_t after,
                     char32_t c) {
  constexpr char32_t capital_sigma = 0x3A3;
  if (c == capital_sigma && is_final_sigma(text, begin, after)) {
    append_utf8(out, 0x3C2);
  } else {
    append_lower(out, c);
  }
}

/// Maps every character; `map(out, begin, after, c)` writes what it becomes.
template <typename Map>
Value map_characters(Heap& heap, const Text& text, Map map) {
  TextBuilder out(heap);
  std::string mapped;
  for (std::size_t at = 0; at < text.bytes.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text.bytes, at);
    mapped.clear();
    map(mapped, begin, at, c);
    out.append_mapped(mapped, text, begin);
  }
  return Value::of(out.finish(text.markup));
}

bool is_cased(char32_t c) {
  return is_upper(c) || is_lower(c) || is_title(c);
}

Value title_text(Heap& heap, const Text& text) {
  bool in_word = false;
  return map_characters(heap, text,
                        [&](std::string& out, std::size_t begin, std::size_t after, char32_t c) {
                          if (in_word) {
                            append_lower_in(out, text.bytes, begin, after, c);
                          } else {
                            append_title(out, c);
                          }
                          in_word = is_cased(c);
                        });
}

Value swapcase_text(Heap& heap, const Text& text) {
  return map_characters(heap, text,
                        [&](std::string& out, std::size_t begin, std::size_t after, char32_t c) {
                          if (is_upper(c)) {
                            append_lower_in(out, text.bytes, begin, after, c);
                          } else {
                            append_upper(out, c);
                          }
                        });
}

/// Whether the text is not empty and every character satisfies `test`.
template <typename Test>
bool all_of(std::string_view text, Test test) {
  for (std::size_t at = 0; at < text.size();) {
    if (!test(next_code_point(text, at))) return false;
  }
  return !text.empty();
}

bool is_title_text(std::string_view text) {
  bool cased = false;
  bool previous_cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (is_upper(c) || is_title(c)) {
      if (previous_cased) return false;
    } else if (is_lower(c)) {
      if (!previous_cased) return false;
    }
    previous_cased = is_cased(c);
    cased |= previous_cased;
  }
  return cased;
}

bool is_identifier(std::string_view text) {
  if (text.empty()) return false;
  std::size_t first = 0;
  const char32_t c = next_code_point(text, first);
  return (c == '_' || is_alpha(c)) && all_of(text, [](char32_t x) { return is_word(x); });
}

using TextMap = Value (*)(Heap&, const Text&);
template <TextMap map>
Value mapped(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound none("this method of str", args, {});
  return map(interpreter.heap(), self);
}

using TextTest = bool (*)(std::string_view);
template <TextTest test>
Value tested(Interpreter& interpreter, const Text& self, const Args& args) {
  const Bound none("this method of str", args, {});
  interpreter.heap().work(self.bytes.size());
  return Value::of(test(self.bytes));
}

using CharacterTest = bool (*)(char32_t);
template <CharacterTest test>
bool every(std::string_view text) {
  return all_of(text, test);
}

bool is_alnum(char32_t c) {
  return is_alpha(c) || is_decimal(c) || is_digit(c) || is_numeric(c);
}
bool is_ascii_text(std::string_view text) {
  return text.empty() || all_of(text, [](char32_t c) { return c < 0x80; });
}
bool is_printable_text(std::string_view text) {
  return text.empty() || all_of(text, is_printable);
}

struct Entry {
  std::string_view name;
  StringMethod method;
};

constexpr std::array<Entry, 18> table{{
    {"upper", mapped<upper_text>},
    {"lower", mapped<lower_text>},
    {"casefold", mapped<lower_text>},
    {"capitalize", mapped<capitalize_text>},
    {"title", mapped<title_text>},
    {"swapcase", mapped<swapcase_text>},
    {"isupper", tested<is_upper_text>},
    {"islower", tested<is_lower_text>},
    {"istitle", tested<is_title_text>},
    {"isalpha", tested<every<is_alpha>>},
    {"isalnum", tested<every<is_alnum>>},
    {"isdigit", tested<every<is_digit>>},
    {"isdecimal", tested<every<is_decimal>>},
    {"isnumeric", tested<every<is_numeric>>},
    {"isspace", tested<every<is_space>>},
    {"isascii", tested<is_ascii_text>},
    {"isprintable", tested<is_printable_text>},
    {"isidentifier", tested<is_identifier>},
}};

}  // namespace

Value upper_text(Heap& heap, const Text& text) {
  return map_characters(heap, text, [](std::string& out, std::size_t, std::size_t, char32_t c) {
    append_upper(out, c);
  });
}

Value lower_text(Heap& heap, const Text& text) {
  return map_characters(heap, text,
                        [&](std::string& out, std::size_t begin, std::size_t after, char32_t c) {
                          append_lower_in(out, text.bytes, begin, after, c);
                        });
}

Value capitalize_text(Heap& heap, const Text& text) {
  return map_characters(heap, text,
                        [&](std::string& out, std::size_t begin, std::size_t after, char32_t c) {
                          if (begin == 0) {
                            append_title(out, c);
                          } else {
                            append_lower_in(out, text.bytes, begin, after, c);
                          }
                        });
}

bool is_lower_text(std::string_view text) {
  bool cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (is_upper(c) || is_title(c)) return false;
    cased |= is_lower(c);
  }
  return cased;
}

bool is_upper_text(std::string_view text) {
  bool cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (is_lower(c) || is_title(c)) return false;
    cased |= is_upper(c);
  }
  return cased;
}

StringMethod find_string_case_method(std::string_view name) {
  for (const Entry& entry : table) {
    if (entry.name == name) return entry.method;
  }
  return nullptr;
}

}  // namespace croft::jinja

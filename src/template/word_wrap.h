#pragma once
/// Python's textwrap.wrap of one line (expand_tabs and replace_whitespace off, as Jinja calls it).

#include <vector>

#include "template/value.h"

namespace croft::jinja {

struct WrapStyle {
  std::size_t width = 79;  ///< characters
  bool break_long_words = true;
  bool break_on_hyphens = true;
};

std::vector<Value> wrap_line(Heap& heap, const Text& line, const WrapStyle& style);

}  // namespace croft::jinja

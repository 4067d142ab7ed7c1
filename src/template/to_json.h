#pragma once
/// json.dumps, as transformers' tojson filter calls it.

#include <optional>
#include <string>

#include "template/value.h"

namespace croft::jinja {

struct JsonStyle {
  bool ascii_only = false;
  std::optional<TextRef>
      indent;  ///< one level's indentation; without, everything stays on one line
  TextRef item_separator;
  TextRef key_separator;
  bool sort_keys = false;
};

TextRef to_json(Heap& heap, const Value& value, const JsonStyle& style);

}  // namespace croft::jinja

#include "template/filters.h"

#include "template/methods.h"
#include "template/unicode.h"

namespace croft::jinja {

FilterFunction find_filter(std::string_view name) {
  for (const auto table : {text_filters(), layout_filters(), number_filters(), sequence_filters(),
                           order_filters(), selection_filters()}) {
    for (const FilterEntry& entry : table) {
      if (entry.name == name) return entry.function;
    }
  }
  return nullptr;
}

AttributePath::AttributePath(Heap& heap, const Value& attribute) {
  if (attribute.is_missing() || attribute.is(Kind::None)) return;
  if (!attribute.is_string()) {
    parts_.push_back(attribute);
    return;
  }
  std::string_view rest = attribute.bytes();
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    const bool is_index =
        !part.empty() && part.size() <= 9 && part.find_first_not_of("0123456789") == part.npos;
    parts_.push_back(is_index ? Value::of(static_cast<std::int64_t>(std::stoll(std::string(part))))
                              : make_text(heap, part));
    if (dot == std::string_view::npos) return;
    rest = rest.substr(dot + 1);
  }
}

Value AttributePath::of(Interpreter& interpreter, const Value& item, const Value& fallback) const {
  Value value = item;
  for (const Value& part : parts_) {
    value = interpreter.item(value, part);
    const bool has_fallback = !fallback.is_missing() && !fallback.is(Kind::None);
    if (value.is_undefined() && has_fallback) value = fallback;
  }
  return value;
}

Value fold_case(Heap& heap, const Value& value, bool case_sensitive) {
  return case_sensitive || !value.is_string() ? value : lower_text(heap, value.text());
}

}  // namespace croft::jinja

#pragma once
/// Jinja's filters: `value | NAME(arguments)`. One file for each family.

#include <span>
#include <string_view>

#include "template/interpreter.h"

namespace croft::jinja {

using FilterFunction = Value (*)(Interpreter&, const Value& input, const Args& args);
struct FilterEntry {
  std::string_view name;
  FilterFunction function;
};

/// Null where Jinja has no such filter.
[[nodiscard]] FilterFunction find_filter(std::string_view name);

[[nodiscard]] std::span<const FilterEntry> text_filters();
[[nodiscard]] std::span<const FilterEntry> layout_filters();
[[nodiscard]] std::span<const FilterEntry> number_filters();
[[nodiscard]] std::span<const FilterEntry> sequence_filters();
[[nodiscard]] std::span<const FilterEntry> order_filters();
[[nodiscard]] std::span<const FilterEntry> selection_filters();

/// A path such as "address.city" or "0.name" for filters that take attribute=.
class AttributePath {
 public:
  /// `attribute`: a string, an int, or None for the item itself.
  AttributePath(Heap& heap, const Value& attribute);
  [[nodiscard]] Value of(Interpreter& interpreter, const Value& item,
                         const Value& fallback = {}) const;

 private:
  std::vector<Value> parts_;
};

/// What sort, unique, min and max compare: strings in lower case unless `case_sensitive`.
Value fold_case(Heap& heap, const Value& value, bool case_sensitive);

}  // namespace croft::jinja

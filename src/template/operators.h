#pragma once
/// Python's operators over values. All throw Failure where Python raises.

#include "template/ast.h"
#include "template/value.h"

namespace croft::jinja {

[[nodiscard]] bool equals(Heap& heap, const Value& left, const Value& right, std::size_t depth = 0);
/// left < right; the order of sort, min, max and the comparison operators.
[[nodiscard]] bool less(Heap& heap, const Value& left, const Value& right, std::size_t depth = 0);
[[nodiscard]] bool compare(Heap& heap, Operator op, const Value& left, const Value& right);
/// left in right
[[nodiscard]] bool contains(Heap& heap, const Value& container, const Value& item);

Value arithmetic(Heap& heap, Operator op, const Value& left, const Value& right);
Value add(Heap& heap, const Value& left, const Value& right);
Value negate(const Value& value, bool negative);
/// Python's % of integers: the result has the divisor's sign. Stops where the divisor is 0.
[[nodiscard]] std::int64_t floor_modulo(std::int64_t left, std::int64_t right);

}  // namespace croft::jinja

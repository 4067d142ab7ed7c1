#include "template/operators.h"

#include <algorithm>

#include "base/limits.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

void check_depth(std::size_t depth) {
  if (depth > limits::template_depth_max) {
    stop_too_large("the template compares values nested deeper than " +
                   std::to_string(limits::template_depth_max));
  }
}

const char* symbol(Operator op) {
  switch (op) {
    case Operator::Less:
      return "<";
    case Operator::LessEqual:
      return "<=";
    case Operator::Greater:
      return ">";
    default:
      return ">=";
  }
}

[[noreturn]] void refuse_order(Operator op, const Value& left, const Value& right) {
  refuse_undefined(left);
  refuse_undefined(right);
  stop(std::string("'") + symbol(op) + "' not supported between instances of '" + type_name(left) +
       "' and '" + type_name(right) + "'");
}

bool equal_dicts(Heap& heap, const DictObject& left, const DictObject& right, std::size_t depth) {
  if (left.entries.size() != right.entries.size()) return false;
  return std::all_of(left.entries.begin(), left.entries.end(), [&](const auto& entry) {
    const Value* other = right.find(heap, entry.first);
    return other != nullptr && equals(heap, entry.second, *other, depth);
  });
}

/// Numbers of any two types; long double holds every int64 and every double.
int order_numbers(const Value& left, const Value& right) {
  const auto wide = [](const Value& value) {
    return value.is(Kind::Float) ? static_cast<long double>(value.number())
                                 : static_cast<long double>(value.integer());
  };
  const long double a = wide(left);
  const long double b = wide(right);
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;  // 2: not a number, no order
}

/// Whether left op right; lists compare at the first pair that differs.
bool ordered(Heap& heap, Operator op, const Value& left, const Value& right, std::size_t depth) {
  check_depth(depth);
  heap.step();
  if (left.is_number() && right.is_number()) {
    const int order = order_numbers(left, right);
    if (order == 2) return false;
    switch (op) {
      case Operator::Less:
        return order < 0;
      case Operator::LessEqual:
        return order <= 0;
      case Operator::Greater:
        return order > 0;
      default:
        return order >= 0;
    }
  }
  if (left.is_string() && right.is_string()) {
    heap.work(std::min(left.bytes().size(), right.bytes().size()));
    const int order = left.bytes().compare(right.bytes());  // UTF-8 sorts as its code points do
    return ordered(heap, op, Value::of(std::int64_t{order}), Value::of(std::int64_t{0}), depth);
  }
  if (left.is_array() && left.kind() == right.kind()) {
    const auto& a = left.as<ListObject>().items;
    const auto& b = right.as<ListObject>().items;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (!equals(heap, a[i], b[i], depth + 1)) return ordered(heap, op, a[i], b[i], depth + 1);
    }
    return ordered(heap, op, Value::of(static_cast<std::int64_t>(a.size())),
                   Value::of(static_cast<std::int64_t>(b.size())), depth);
  }
  refuse_order(op, left, right);
}

bool range_contains(const RangeObject& range, const Value& item) {
  if (!item.is_number() || range.length == 0) return false;
  const double number = item.number();
  const double offset = number - static_cast<double>(range.start);
  const double index = offset / static_cast<double>(range.step);
  return index >= 0 && index < static_cast<double>(range.length) &&
         index == static_cast<double>(static_cast<std::int64_t>(index));
}

}  // namespace

bool equals(Heap& heap, const Value& left, const Value& right, std::size_t depth) {
  check_depth(depth);
  heap.step();
  if (left.is_number() && right.is_number()) return order_numbers(left, right) == 0;
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::Missing:
    case Kind::Undefined:
    case Kind::None:
      return true;
    case Kind::String:
      heap.work(std::min(left.bytes().size(), right.bytes().size()));
      return left.bytes() == right.bytes();
    case Kind::List:
    case Kind::Tuple: {
      const auto& a = left.as<ListObject>().items;
      const auto& b = right.as<ListObject>().items;
      if (left.object() == right.object()) return true;
      return a.size() == b.size() &&
             std::equal(a.begin(), a.end(), b.begin(), [&](const Value& x, const Value& y) {
               return equals(heap, x, y, depth + 1);
             });
    }
    case Kind::Dict:
      if (left.object() == right.object()) return true;
      return equal_dicts(heap, left.as<DictObject>(), right.as<DictObject>(), depth + 1);
    case Kind::Range: {
      const auto& a = left.as<RangeObject>();
      const auto& b = right.as<RangeObject>();
      return a.length == b.length && (a.length == 0 || a.start == b.start) &&
             (a.length <= 1 || a.step == b.step);
    }
    default:
      return left.object() == right.object();
  }
}

bool less(Heap& heap, const Value& left, const Value& right, std::size_t depth) {
  return ordered(heap, Operator::Less, left, right, depth);
}

bool contains(Heap& heap, const Value& container, const Value& item) {
  switch (container.kind()) {
    case Kind::String:
      if (!item.is_string()) {
        stop("'in <string>' requires string as left operand, not " + type_name(item));
      }
      heap.work(container.bytes().size());
      return find_bytes(container.bytes(), item.bytes()) != std::string_view::npos;
    case Kind::Dict:
      if (item.is(Kind::List) || item.is(Kind::Dict))
        stop("unhashable type: '" + type_name(item) + "'");
      return container.as<DictObject>().find(heap, item) != nullptr;
    case Kind::Range:
      return range_contains(container.as<RangeObject>(), item);
    default:
      break;
  }
  if (!is_iterable(container)) {
    stop("argument of type '" + type_name(container) + "' is not iterable");
  }
  const std::vector<Value> items = items_of(heap, container);
  return std::any_of(items.begin(), items.end(),
                     [&](const Value& candidate) { return equals(heap, candidate, item); });
}

bool compare(Heap& heap, Operator op, const Value& left, const Value& right) {
  switch (op) {
    case Operator::Equal:
      return equals(heap, left, right);
    case Operator::NotEqual:
      return !equals(heap, left, right);
    case Operator::In:
      return contains(heap, right, left);
    case Operator::NotIn:
      return !contains(heap, right, left);
    default:
      return ordered(heap, op, left, right, 0);
  }
}

}  // namespace croft::jinja

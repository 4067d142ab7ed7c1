// The arithmetic half of operators.h.

#include <cmath>

#include "base/checked.h"
#include "template/format.h"
#include "template/operators.h"
#include "template/print.h"

namespace croft::jinja {
namespace {

const char* symbol(Operator op) {
  switch (op) {
    case Operator::Add:
      return "+";
    case Operator::Subtract:
      return "-";
    case Operator::Multiply:
      return "*";
    case Operator::Divide:
      return "/";
    case Operator::FloorDivide:
      return "//";
    case Operator::Modulo:
      return "%";
    default:
      return "** or pow()";
  }
}

[[noreturn]] void refuse(Operator op, const Value& left, const Value& right) {
  refuse_undefined(left);
  refuse_undefined(right);
  if (op == Operator::Add && left.is_string()) {
    stop("can only concatenate str (not \"" + type_name(right) + "\") to str");
  }
  stop(std::string("unsupported operand type(s) for ") + symbol(op) + ": '" + type_name(left) +
       "' and '" + type_name(right) + "'");
}

std::int64_t checked(std::optional<std::int64_t> result) {
  if (!result) stop("an integer result does not fit 64 bits");
  return *result;
}

std::int64_t floor_divide(std::int64_t left, std::int64_t right) {
  if (right == 0) stop("integer division or modulo by zero");
  if (right == -1) return checked(checked_mul<std::int64_t>(left, -1));
  const std::int64_t quotient = left / right;
  return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient;
}

Value integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) stop("0.0 cannot be raised to a negative power");
    return Value::of(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0) result = checked(checked_mul(result, base));
    exponent >>= 1;
    if (exponent > 0) base = checked(checked_mul(base, base));
  }
  return Value::of(result);
}

Value integers(Operator op, std::int64_t a, std::int64_t b) {
  switch (op) {
    case Operator::Add:
      return Value::of(checked(checked_add(a, b)));
    case Operator::Subtract: {
      std::int64_t out = 0;
      if (__builtin_sub_overflow(a, b, &out)) stop("an integer result does not fit 64 bits");
      return Value::of(out);
    }
    case Operator::Multiply:
      return Value::of(checked(checked_mul(a, b)));
    case Operator::Divide:
      if (b == 0) stop("division by zero");
      return Value::of(
          static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b)));
    case Operator::FloorDivide:
      return Value::of(floor_divide(a, b));
    case Operator::Modulo:
      return Value::of(floor_modulo(a, b));
    default:
      return integer_power(a, b);
  }
}

double float_modulo(double a, double b) {
  double rest = std::fmod(a, b);
  if (rest != 0 && (b < 0) != (rest < 0)) rest += b;
  return rest == 0 ? std::copysign(0.0, b) : rest;
}

Value floats(Operator op, double a, double b) {
  switch (op) {
    case Operator::Add:
      return Value::of(a + b);
    case Operator::Subtract:
      return Value::of(a - b);
    case Operator::Multiply:
      return Value::of(a * b);
    case Operator::Divide:
      if (b == 0) stop("float division by zero");
      return Value::of(a / b);
    case Operator::FloorDivide: {
      if (b == 0) stop("float floor division by zero");
      const double quotient = (a - float_modulo(a, b)) / b;
      const double floored = std::floor(quotient);
      return Value::of(quotient - floored > 0.5 ? floored + 1 : floored);
    }
    case Operator::Modulo:
      if (b == 0) stop("float modulo");
      return Value::of(float_modulo(a, b));
    default: {
      if (a == 0 && b < 0) stop("0.0 cannot be raised to a negative power");
      const double out = std::pow(a, b);
      if (std::isnan(out) && !std::isnan(a) && !std::isnan(b))
        stop("a complex number is not supported");
      if (std::isinf(out) && std::isfinite(a) && std::isfinite(b))
        stop("Numerical result out of range");
      return Value::of(out);
    }
  }
}

Value repeat(Heap& heap, const Value& sequence, std::int64_t times) {
  const auto count = static_cast<std::size_t>(times < 0 ? 0 : times);
  if (sequence.is_string()) {
    TextBuilder out(heap);
    out.repeat(sequence.text(), count);
    return Value::of(out.finish(sequence.text().markup));
  }
  const auto& items = sequence.as<ListObject>().items;
  const auto total = checked_mul(count, items.size());
  heap.check_room(total && *total < heap.bytes_max() / sizeof(Value) ? *total * sizeof(Value)
                                                                     : heap.bytes_max() + 1);
  std::vector<Value> out;
  out.reserve(*total);
  for (std::size_t i = 0; i < (items.empty() ? 0 : count); ++i)
    out.insert(out.end(), items.begin(), items.end());
  return sequence.is(Kind::List) ? make_list(heap, std::move(out))
                                 : make_tuple(heap, std::move(out));
}

void append_as_markup(TextBuilder& out, const Value& value) {
  if (value.text().markup) {
    out.append(value.text());
  } else {
    append_escaped(out, value.text());
  }
}

Value add_strings(Heap& heap, const Value& left, const Value& right) {
  TextBuilder out(heap);
  if (left.text().markup || right.text().markup) {
    append_as_markup(out, left);
    append_as_markup(out, right);
    return Value::of(out.finish(true));
  }
  out.append(left.text());
  out.append(right.text());
  return Value::of(out.finish());
}

}  // namespace

std::int64_t floor_modulo(std::int64_t left, std::int64_t right) {
  if (right == 0) stop("integer modulo by zero");
  if (right == -1) return 0;
  const std::int64_t rest = left % right;
  return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
}

Value add(Heap& heap, const Value& left, const Value& right) {
  if (left.is_string() && right.is_string()) return add_strings(heap, left, right);
  if (left.is_array() && left.kind() == right.kind()) {
    std::vector<Value> items = left.as<ListObject>().items;
    const auto& more = right.as<ListObject>().items;
    heap.step(more.size() / 16);
    items.insert(items.end(), more.begin(), more.end());
    return left.is(Kind::List) ? make_list(heap, std::move(items))
                               : make_tuple(heap, std::move(items));
  }
  return arithmetic(heap, Operator::Add, left, right);
}

Value arithmetic(Heap& heap, Operator op, const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral())
    return integers(op, left.integer(), right.integer());
  if (left.is_number() && right.is_number()) return floats(op, left.number(), right.number());
  const auto is_sequence = [](const Value& value) { return value.is_string() || value.is_array(); };
  if (op == Operator::Add && ((left.is_string() && right.is_string()) ||
                              (left.is_array() && left.kind() == right.kind()))) {
    return add(heap, left, right);
  }
  if (op == Operator::Multiply && is_sequence(left) && right.is_integral()) {
    return repeat(heap, left, right.integer());
  }
  if (op == Operator::Multiply && left.is_integral() && is_sequence(right)) {
    return repeat(heap, right, left.integer());
  }
  if (op == Operator::Modulo && left.is_string()) return format_percent(heap, left.text(), right);
  refuse(op, left, right);
}

Value negate(const Value& value, bool negative) {
  refuse_undefined(value);
  if (value.is(Kind::Float)) return Value::of(negative ? -value.number() : value.number());
  if (!value.is_integral())
    stop("bad operand type for unary " + std::string(negative ? "-" : "+") + ": '" +
         type_name(value) + "'");
  if (!negative) return Value::of(value.integer());
  return Value::of(checked(checked_mul<std::int64_t>(value.integer(), -1)));
}

}  // namespace croft::jinja

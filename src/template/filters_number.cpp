// Filters for numbers: abs, int, float, round, sum, filesizeformat.

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/checked.h"
#include "template/arguments.h"
#include "template/filters.h"
#include "template/format.h"
#include "template/operators.h"
#include "template/parse_number.h"
#include "template/print.h"

namespace croft::jinja {
namespace {

Value absolute(Interpreter&, const Value& input, const Args& args) {
  const Bound none("abs", args, {});
  refuse_undefined(input);
  if (input.is(Kind::Float)) return Value::of(std::fabs(input.number()));
  if (!input.is_integral()) stop("bad operand type for abs(): '" + type_name(input) + "'");
  return input.integer() < 0 ? negate(input, true) : Value::of(input.integer());
}

std::optional<Value> truncated(double number) {
  if (!std::isfinite(number)) return std::nullopt;
  if (std::fabs(number) >= 9.2e18) stop("an integer result does not fit 64 bits");
  return Value::of(static_cast<std::int64_t>(number));
}

Value to_int(Interpreter&, const Value& input, const Args& args) {
  const Bound bound("int", args, {"default", "base"});
  const Value fallback = bound.has(0) ? bound[0] : Value::of(std::int64_t{0});
  refuse_undefined(input);
  if (input.is_integral()) return Value::of(input.integer());
  std::optional<Value> out;
  if (input.is(Kind::Float)) {
    if (std::isinf(input.number())) stop("cannot convert float infinity to integer");
    out = truncated(input.number());
  } else if (input.is_string()) {
    const std::int64_t base = bound.integer(1, 10);
    if (const auto parsed = parse_python_int(input.bytes(), base)) return Value::of(*parsed);
    if (const auto number = parse_python_float(input.bytes())) out = truncated(*number);
  }
  return out.value_or(fallback);
}

Value to_float(Interpreter&, const Value& input, const Args& args) {
  const Bound bound("float", args, {"default"});
  refuse_undefined(input);
  if (input.is_number()) return Value::of(input.number());
  if (input.is_string()) {
    if (const auto number = parse_python_float(input.bytes())) return Value::of(*number);
  }
  return bound.has(0) ? bound[0] : Value::of(0.0);
}

/// Half to even on the exact binary value: what printf does, and Python's round.
Value round_common(const Value& value, std::int64_t precision) {
  if (value.is_integral()) {
    if (precision >= 0) return Value::of(value.integer());
    if (precision < -18) return Value::of(std::int64_t{0});
    std::int64_t unit = 1;
    for (std::int64_t i = 0; i < -precision; ++i) unit *= 10;
    const std::int64_t rest = floor_modulo(value.integer(), unit);
    const std::int64_t low = value.integer() - rest;
    const bool is_up = rest * 2 > unit || (rest * 2 == unit && (low / unit) % 2 != 0);
    return Value::of(is_up ? low + unit : low);
  }
  const double number = value.number();
  if (!std::isfinite(number) || precision > 322) return Value::of(number);
  if (precision < -308) return Value::of(std::copysign(0.0, number));
  if (precision >= 0) {
    FieldSpec spec;
    spec.type = 'f';
    spec.precision = precision;
    return Value::of(std::strtod(format_number(value, spec).c_str(), nullptr));
  }
  const double unit = std::pow(10.0, static_cast<double>(-precision));
  return Value::of(std::nearbyint(number / unit) * unit);
}

Value round(Interpreter&, const Value& input, const Args& args) {
  const Bound bound("round", args, {"precision", "method"});
  const std::string_view method =
      bound.has(1) && bound[1].is_string() ? bound[1].bytes() : "common";
  if (method != "common" && method != "ceil" && method != "floor")
    stop("method must be common, ceil or floor");
  refuse_undefined(input);
  if (!input.is_number()) stop("type " + type_name(input) + " doesn't define __round__ method");
  const std::int64_t precision = bound.integer(0, 0);
  if (method == "common") return round_common(input, precision);
  const double unit = std::pow(10.0, static_cast<double>(precision));
  const double scaled = input.number() * unit;
  const double whole = method == "ceil" ? std::ceil(scaled) : std::floor(scaled);
  if (!std::isfinite(whole) || unit == 0) stop("round: the number does not fit");
  return Value::of((whole == 0 ? 0.0 : whole) / unit);
}

Value sum(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("sum", args, {"attribute", "start"});
  Heap& heap = interpreter.heap();
  const AttributePath path(heap, bound[0]);
  Value total = bound.has(1) ? bound[1] : Value::of(std::int64_t{0});
  if (total.is_string()) stop("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : items_of(heap, input))
    total = add(heap, total, path.of(interpreter, item));
  return total;
}

Value filesizeformat(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("filesizeformat", args, {"binary"});
  const Value number = to_float(interpreter, input, Args{{Value::none()}, {}});
  refuse_undefined(input);
  if (!number.is(Kind::Float)) stop("could not convert to float: " + brief_repr(input));
  const double bytes = number.number();
  const double base = bound.flag(0) ? 1024 : 1000;
  if (bytes == 1) return make_text(interpreter.heap(), "1 Byte");
  if (bytes < base)
    return make_text(interpreter.heap(),
                     std::to_string(static_cast<std::int64_t>(bytes)) + " Bytes");
  static constexpr std::string_view prefixes = "kMGTPEZY";
  double unit = base;
  std::size_t i = 0;
  while (i + 1 < prefixes.size() && bytes >= unit * base) {
    unit *= base;
    ++i;
  }
  FieldSpec spec;
  spec.type = 'f';
  spec.precision = 1;
  const std::string prefix = bound.flag(0) ? std::string(1, i == 0 ? 'K' : prefixes[i]) + "iB"
                                           : std::string(1, prefixes[i]) + "B";
  return make_text(interpreter.heap(), format_number(Value::of(bytes / unit), spec) + " " + prefix);
}

constexpr std::array<FilterEntry, 6> table{{{"abs", absolute},
                                            {"int", to_int},
                                            {"float", to_float},
                                            {"round", round},
                                            {"sum", sum},
                                            {"filesizeformat", filesizeformat}}};

}  // namespace

std::span<const FilterEntry> number_filters() {
  return table;
}

}  // namespace croft::jinja

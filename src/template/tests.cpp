#include "template/tests.h"

#include <array>

#include "template/arguments.h"
#include "template/filters.h"
#include "template/methods.h"
#include "template/operators.h"
#include "template/print.h"

namespace croft::jinja {
namespace {

void no_arguments(const Args& args) {
  const Bound none("this test", args, {});
}

template <bool (*test)(const Value&)>
bool plain(Interpreter&, const Value& input, const Args& args) {
  no_arguments(args);
  return test(input);
}

template <Operator op>
bool compared(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("this test", args, {"other"}, 1);
  return compare(interpreter.heap(), op, input, bound[0]);
}

/// input % divisor == rest, with Python's % for ints and floats.
bool has_rest(Interpreter& interpreter, const Value& input, const Value& divisor,
              std::int64_t rest) {
  const Value modulo = arithmetic(interpreter.heap(), Operator::Modulo, input, divisor);
  return equals(interpreter.heap(), modulo, Value::of(rest));
}

template <std::int64_t rest>
bool has_parity(Interpreter& interpreter, const Value& input, const Args& args) {
  no_arguments(args);
  return has_rest(interpreter, input, Value::of(std::int64_t{2}), rest);
}

bool divisible_by(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("divisibleby", args, {"num"}, 1);
  return has_rest(interpreter, input, bound[0], 0);
}

bool is_in(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("in", args, {"seq"}, 1);
  return contains(interpreter.heap(), bound[0], input);
}

bool is_same(Interpreter&, const Value& input, const Args& args) {
  const Bound bound("sameas", args, {"other"}, 1);
  if (input.kind() != bound[0].kind()) return false;
  switch (input.kind()) {
    case Kind::None:
      return true;
    case Kind::Bool:
    case Kind::Int:
      return input.integer() == bound[0].integer();
    case Kind::Float:
      return input.number() == bound[0].number();
    case Kind::String:
      return input.text_ref() == bound[0].text_ref();
    default:
      return input.object() == bound[0].object();
  }
}

template <bool (*test)(std::string_view)>
bool letters(Interpreter& interpreter, const Value& input, const Args& args) {
  no_arguments(args);
  return test(to_text(interpreter.heap(), input)->bytes);
}

bool is_filter(Interpreter&, const Value& input, const Args& args) {
  no_arguments(args);
  return input.is_string() && find_filter(input.bytes()) != nullptr;
}

bool is_test(Interpreter&, const Value& input, const Args& args) {
  no_arguments(args);
  return input.is_string() && find_test(input.bytes()) != nullptr;
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_undefined(const Value& value) {
  return value.is_undefined();
}
bool is_none(const Value& value) {
  return value.is(Kind::None);
}
bool is_boolean(const Value& value) {
  return value.is(Kind::Bool);
}
bool is_the_true(const Value& value) {
  return value.is(Kind::Bool) && value.boolean();
}
bool is_the_false(const Value& value) {
  return value.is(Kind::Bool) && !value.boolean();
}
bool is_integer(const Value& value) {
  return value.is(Kind::Int);
}
bool is_float(const Value& value) {
  return value.is(Kind::Float);
}
bool is_a_number(const Value& value) {
  return value.is_number();
}
bool is_a_string(const Value& value) {
  return value.is_string();
}
bool is_mapping(const Value& value) {
  return value.is(Kind::Dict);
}
bool is_escaped(const Value& value) {
  return value.is_string() && value.text().markup;
}
bool is_sequence(const Value& value) {
  return value.is_string() || value.is_array() || value.is(Kind::Dict) || value.is(Kind::Range) ||
         value.is_undefined();
}
bool is_callable(const Value& value) {
  switch (value.kind()) {
    case Kind::Macro:
    case Kind::Method:
    case Kind::Function:
    case Kind::Loop:
    case Kind::Joiner:
    case Kind::Undefined:  // Undefined has a __call__, which raises
      return true;
    default:
      return false;
  }
}

struct Entry {
  std::string_view name;
  TestFunction function;
};

constexpr std::array<Entry, 39> table{{
    {"defined", plain<is_defined>},
    {"undefined", plain<is_undefined>},
    {"none", plain<is_none>},
    {"string", plain<is_a_string>},
    {"mapping", plain<is_mapping>},
    {"sequence", plain<is_sequence>},
    {"iterable", plain<is_iterable>},
    {"boolean", plain<is_boolean>},
    {"true", plain<is_the_true>},
    {"false", plain<is_the_false>},
    {"integer", plain<is_integer>},
    {"float", plain<is_float>},
    {"number", plain<is_a_number>},
    {"callable", plain<is_callable>},
    {"escaped", plain<is_escaped>},
    {"odd", has_parity<1>},
    {"even", has_parity<0>},
    {"divisibleby", divisible_by},
    {"in", is_in},
    {"sameas", is_same},
    {"lower", letters<is_lower_text>},
    {"upper", letters<is_upper_text>},
    {"filter", is_filter},
    {"test", is_test},
    {"==", compared<Operator::Equal>},
    {"eq", compared<Operator::Equal>},
    {"equalto", compared<Operator::Equal>},
    {"!=", compared<Operator::NotEqual>},
    {"ne", compared<Operator::NotEqual>},
    {">", compared<Operator::Greater>},
    {"gt", compared<Operator::Greater>},
    {"greaterthan", compared<Operator::Greater>},
    {">=", compared<Operator::GreaterEqual>},
    {"ge", compared<Operator::GreaterEqual>},
    {"<", compared<Operator::Less>},
    {"lt", compared<Operator::Less>},
    {"lessthan", compared<Operator::Less>},
    {"<=", compared<Operator::LessEqual>},
    {"le", compared<Operator::LessEqual>},
}};

}  // namespace

TestFunction find_test(std::string_view name) {
  for (const Entry& entry : table) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace croft::jinja

// Filters that apply another filter or a test to each item: map, select, reject, selectattr,
// rejectattr.

#include <array>

#include "template/arguments.h"
#include "template/filters.h"

namespace croft::jinja {
namespace {

std::string_view name_of(const Value& value, const char* what) {
  refuse_undefined(value);
  if (!value.is_string())
    stop(std::string("No ") + what + " named by a value of type " + type_name(value));
  return value.bytes();
}

Value map_attribute(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("map", args, {"attribute", "default"});
  const AttributePath path(interpreter.heap(), bound[0]);
  std::vector<Value> out;
  for (const Value& item : items_of(interpreter.heap(), input))
    out.push_back(path.of(interpreter, item, bound[1]));
  return make_iterator(interpreter.heap(), std::move(out));
}

Value map(Interpreter& interpreter, const Value& input, const Args& args) {
  if (!is_true(input)) return make_iterator(interpreter.heap(), {});
  if (args.positional.empty()) {
    for (const auto& [name, value] : args.named) {
      if (name == "attribute") return map_attribute(interpreter, input, args);
    }
    stop("map requires a filter argument");
  }
  const std::string_view name = name_of(args.positional[0], "filter");
  const Args rest{{args.positional.begin() + 1, args.positional.end()}, args.named};
  std::vector<Value> out;
  for (const Value& item : items_of(interpreter.heap(), input))
    out.push_back(interpreter.filter(name, item, rest));
  return make_iterator(interpreter.heap(), std::move(out));
}

enum class Keep : std::uint8_t { Passing, Failing };
enum class Subject : std::uint8_t { Item, Attribute };

template <Keep keep, Subject subject>
Value choose(Interpreter& interpreter, const Value& input, const Args& args) {
  Heap& heap = interpreter.heap();
  if (!is_true(input)) return make_iterator(heap, {});
  constexpr std::size_t skip = subject == Subject::Attribute ? 1 : 0;
  if (args.positional.size() < skip) stop("Missing parameter for attribute name");
  const AttributePath path(heap, skip == 1 ? args.positional[0] : Value());
  const bool has_test = args.positional.size() > skip;
  const std::string_view name = has_test ? name_of(args.positional[skip], "test") : "";
  Args rest;
  rest.named = args.named;
  if (has_test) rest.positional.assign(args.positional.begin() + skip + 1, args.positional.end());
  std::vector<Value> out;
  for (const Value& item : items_of(heap, input)) {
    heap.step();
    const Value value = path.of(interpreter, item);
    const bool passes = has_test ? interpreter.test(name, value, rest) : is_true(value);
    if (passes == (keep == Keep::Passing)) out.push_back(item);
  }
  return make_iterator(heap, std::move(out));
}

constexpr std::array<FilterEntry, 5> table{
    {{"map", map},
     {"select", choose<Keep::Passing, Subject::Item>},
     {"reject", choose<Keep::Failing, Subject::Item>},
     {"selectattr", choose<Keep::Passing, Subject::Attribute>},
     {"rejectattr", choose<Keep::Failing, Subject::Attribute>}}};

}  // namespace

std::span<const FilterEntry> selection_filters() {
  return table;
}

}  // namespace croft::jinja

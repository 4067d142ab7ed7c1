// Filters over sequences and mappings: length, first, last, join, list, items, batch, slice,
// reverse, default, attr.

#include <algorithm>
#include <array>

#include "template/arguments.h"
#include "template/filters.h"
#include "template/methods.h"
#include "template/print.h"

namespace croft::jinja {
namespace {

Value length(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("length", args, {});
  if (input.is(Kind::Loop))
    return interpreter.attribute(input, make_text(interpreter.heap(), "length"));
  const std::int64_t count = length_of(input);
  if (count < 0) stop("object of type '" + type_name(input) + "' has no len()");
  if (input.is_string()) interpreter.heap().work(input.bytes().size());
  return Value::of(count);
}

Value first(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("first", args, {});
  Heap& heap = interpreter.heap();
  if (input.is_array() && !input.as<ListObject>().items.empty())
    return input.as<ListObject>().items.front();
  if (input.is(Kind::Iterator)) {
    auto& iterator = input.as<ListObject>();
    if (iterator.position < iterator.items.size()) return iterator.items[iterator.position++];
  }
  std::vector<Value> items;
  if (!input.is(Kind::Iterator)) {
    items = input.is_string() ? items_of(heap, interpreter.item(input, Value::of(std::int64_t{0})))
                              : items_of(heap, input);
  }
  return items.empty() ? make_undefined(heap, "No first item, sequence was empty.") : items.front();
}

Value last(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("last", args, {});
  Heap& heap = interpreter.heap();
  if (input.is(Kind::Iterator) || input.is(Kind::Loop))
    stop("'" + type_name(input) + "' object is not reversible");
  if (input.is_string() && !input.bytes().empty())
    return interpreter.item(input, Value::of(std::int64_t{-1}));
  const std::vector<Value> items = items_of(heap, input);
  return items.empty() ? make_undefined(heap, "No last item, sequence was empty.") : items.back();
}

Value join(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("join", args, {"d", "attribute"});
  Heap& heap = interpreter.heap();
  std::vector<Value> items = items_of(heap, input);
  if (bound.has_value(1)) {
    const AttributePath path(heap, bound[1]);
    for (Value& item : items) item = path.of(interpreter, item);
  }
  const TextRef separator = bound.has(0) ? to_text(heap, bound[0]) : constant_text("");
  return join_text(heap, *separator, items, true);
}

Value list(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("list", args, {});
  return make_list(interpreter.heap(), items_of(interpreter.heap(), input));
}

Value items(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("items", args, {});
  Heap& heap = interpreter.heap();
  if (input.is_undefined()) return make_iterator(heap, {});
  if (!input.is(Kind::Dict)) stop("Can only get item pairs from a mapping.");
  std::vector<Value> out;
  for (const auto& [key, value] : input.as<DictObject>().entries)
    out.push_back(make_tuple(heap, {key, value}));
  return make_iterator(heap, std::move(out));
}

Value batch(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("batch", args, {"linecount", "fill_with"}, 1);
  Heap& heap = interpreter.heap();
  const std::int64_t size = bound.integer(0, 1);
  std::vector<Value> out;
  std::vector<Value> row;
  for (Value& item : items_of(heap, input)) {
    if (static_cast<std::int64_t>(row.size()) == size)
      out.push_back(make_list(heap, std::exchange(row, {})));
    row.push_back(std::move(item));
  }
  if (!row.empty()) {
    if (bound.has_value(1)) {
      const std::int64_t missing = size - static_cast<std::int64_t>(row.size());
      if (missing > 0) {
        heap.step(static_cast<std::size_t>(missing));
        row.insert(row.end(), static_cast<std::size_t>(missing), bound[1]);
      }
    }
    out.push_back(make_list(heap, std::move(row)));
  }
  return make_iterator(heap, std::move(out));
}

Value slice(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("slice", args, {"slices", "fill_with"}, 1);
  Heap& heap = interpreter.heap();
  const std::vector<Value> source = items_of(heap, input);
  const std::int64_t count = bound.integer(0, 1);
  if (count == 0) stop("integer division or modulo by zero");
  const auto slices = static_cast<std::size_t>(count < 0 ? 0 : count);
  heap.step(slices);
  std::vector<Value> out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < slices; ++i) {
    const bool is_long = i < source.size() % slices;
    const std::size_t end = begin + source.size() / slices + (is_long ? 1 : 0);
    std::vector<Value> part(source.begin() + static_cast<std::ptrdiff_t>(begin),
                            source.begin() + static_cast<std::ptrdiff_t>(end));
    if (bound.has_value(1) && !is_long) part.push_back(bound[1]);
    out.push_back(make_list(heap, std::move(part)));
    begin = end;
  }
  return make_iterator(heap, std::move(out));
}

Value reverse(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("reverse", args, {});
  Heap& heap = interpreter.heap();
  if (!is_iterable(input)) stop("argument must be iterable");
  std::vector<Value> out = items_of(heap, input);
  std::reverse(out.begin(), out.end());
  if (input.is_string()) return join_text(heap, *constant_text(""), out, true);
  return input.is(Kind::Iterator) ? make_list(heap, std::move(out))
                                  : make_iterator(heap, std::move(out));
}

Value fallback(Interpreter&, const Value& input, const Args& args) {
  const Bound bound("default", args, {"default_value", "boolean"});
  const bool is_needed = input.is_undefined() || (bound.flag(1) && !is_true(input));
  if (!is_needed) return input;
  return bound.has(0) ? bound[0] : Value::of(constant_text(""));
}

Value attr(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("attr", args, {"name"}, 1);
  static_cast<void>(bound.text(0));
  refuse_undefined(input);
  const bool is_attribute = input.is(Kind::Namespace) || input.is(Kind::Loop) ||
                            classify_method(input, bound[0].bytes()) != MethodClass::None;
  return is_attribute ? interpreter.attribute(input, bound[0])
                      : make_undefined_member(interpreter.heap(), input, bound[0]);
}

Value pprint(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("pprint", args, {});
  TextBuilder out(interpreter.heap());
  append_repr(out, input);
  return Value::of(out.finish());
}

Value refused(Interpreter&, const Value&, const Args&) {
  stop("the filters random and urlize are not supported in chat templates");
}

constexpr std::array<FilterEntry, 16> table{{{"length", length},
                                             {"count", length},
                                             {"first", first},
                                             {"last", last},
                                             {"join", join},
                                             {"list", list},
                                             {"items", items},
                                             {"batch", batch},
                                             {"slice", slice},
                                             {"reverse", reverse},
                                             {"default", fallback},
                                             {"d", fallback},
                                             {"attr", attr},
                                             {"pprint", pprint},
                                             {"random", refused},
                                             {"urlize", refused}}};

}  // namespace

std::span<const FilterEntry> sequence_filters() {
  return table;
}

}  // namespace croft::jinja

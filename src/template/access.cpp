// Attributes, subscripts and slices of Interpreter.

#include <algorithm>

#include "template/interpreter_guards.h"
#include "template/methods.h"
#include "template/print.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

struct SliceBounds {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t count = 0;
};

std::int64_t slice_index(const Value& value) {
  if (!value.is_integral()) {
    stop("slice indices must be integers or None or have an __index__ method");
  }
  return value.integer();
}

/// Python's slice.indices(length), as a start, a step and a count.
SliceBounds resolve(const Value& start, const Value& end, const Value& step, std::int64_t length) {
  SliceBounds out;
  out.step = step.is(Kind::None) ? 1 : slice_index(step);
  if (out.step == 0) stop("slice step cannot be zero");
  const bool forward = out.step > 0;
  const auto clamp = [&](const Value& value, std::int64_t fallback) {
    if (value.is(Kind::None)) return fallback;
    std::int64_t index = slice_index(value);
    if (index < 0) index = std::max<std::int64_t>(index + length, forward ? 0 : -1);
    return std::min(index, forward ? length : length - 1);
  };
  out.start = clamp(start, forward ? 0 : length - 1);
  const std::int64_t last = clamp(end, forward ? length : -1);
  const auto distance = static_cast<__int128>(forward ? last - out.start : out.start - last);
  const auto width = forward ? static_cast<__int128>(out.step) : -static_cast<__int128>(out.step);
  out.count = distance > 0 ? static_cast<std::int64_t>((distance - 1) / width + 1) : 0;
  return out;
}

Value slice_text(Heap& heap, const Text& text, const SliceBounds& bounds) {
  const auto at = [](std::int64_t index) { return static_cast<std::size_t>(index); };
  heap.work(text.bytes.size());
  if (bounds.count == 0) return make_slice(heap, text, 0, 0);
  if (bounds.step == 1) {
    const std::size_t begin = byte_offset(text.bytes, at(bounds.start));
    const std::size_t length =
        byte_offset(std::string_view(text.bytes).substr(begin), at(bounds.count));
    return make_slice(heap, text, begin, begin + length);
  }
  heap.check_room(text.bytes.size() * sizeof(std::size_t));
  std::vector<std::size_t> offsets;
  for (std::size_t position = 0; position < text.bytes.size();) {
    offsets.push_back(position);
    next_code_point(text.bytes, position);
  }
  offsets.push_back(text.bytes.size());
  TextBuilder out(heap);
  for (std::int64_t i = 0; i < bounds.count; ++i) {
    const std::size_t index = at(bounds.start + i * bounds.step);
    out.append_slice(text, offsets[index], offsets[index + 1]);
  }
  return Value::of(out.finish(text.markup));
}

/// The element `index` from the start or, negative, from the end; Missing outside.
Value element(Heap& heap, const Value& object, std::int64_t index) {
  const std::int64_t length = length_of(object);
  if (index < 0) index += length;
  if (index < 0 || index >= length) return {};
  if (object.is(Kind::Range)) return Value::of(range_item(object.as<RangeObject>(), index));
  if (object.is_array()) return object.as<ListObject>().items[static_cast<std::size_t>(index)];
  heap.work(object.bytes().size());
  const std::size_t begin = byte_offset(object.bytes(), static_cast<std::size_t>(index));
  std::size_t end = begin;
  next_code_point(object.bytes(), end);
  return make_slice(heap, object.text(), begin, end);
}

/// What a macro tells of itself; Missing for any other name.
Value macro_attribute(Heap& heap, const MacroObject& macro, std::string_view name) {
  const Signature& signature = *macro.definition->signature;
  if (name == "name") return make_text(heap, signature.name);
  if (name == "caller") return Value::of(signature.uses_caller);
  if (name == "catch_kwargs") return Value::of(signature.uses_kwargs);
  if (name == "catch_varargs") return Value::of(signature.uses_varargs);
  if (name != "arguments") return {};
  std::vector<Value> names;
  for (const auto& [symbol, parameter] : signature.parameters)
    names.push_back(make_text(heap, parameter));
  return make_tuple(heap, std::move(names));
}

bool is_indexable(const Value& value) {
  return value.is_string() || value.is_array() || value.is(Kind::Range);
}

}  // namespace

Value Interpreter::slice(const Value& object, const Value& start, const Value& end,
                         const Value& step) {
  refuse_undefined(object);
  if (!is_indexable(object)) stop("'" + type_name(object) + "' object cannot be sliced");
  const SliceBounds bounds = resolve(start, end, step, length_of(object));
  if (object.is_string()) return slice_text(heap_, object.text(), bounds);
  if (object.is(Kind::Range)) {
    auto* out = heap_.make<RangeObject>(0);
    const auto& range = object.as<RangeObject>();
    out->start = range_item(range, bounds.start);
    out->step = bounds.count > 1 ? range.step * bounds.step : 1;
    out->length = bounds.count;
    return Value::of(Kind::Range, out);
  }
  heap_.step(static_cast<std::size_t>(bounds.count) / 16);
  std::vector<Value> out;
  out.reserve(static_cast<std::size_t>(bounds.count));
  for (std::int64_t i = 0; i < bounds.count; ++i) {
    out.push_back(
        object.as<ListObject>().items[static_cast<std::size_t>(bounds.start + i * bounds.step)]);
  }
  return object.is(Kind::List) ? make_list(heap_, std::move(out))
                               : make_tuple(heap_, std::move(out));
}

Value Interpreter::native_attribute(const Value& object, const Value& name) {
  const std::string_view key = name.bytes();
  if (object.is(Kind::Loop)) return loop_attribute(object, key);
  if (object.is(Kind::Namespace)) {
    const Value* found = object.as<NamespaceObject>().members.find(key);
    return found == nullptr ? Value() : *found;
  }
  if (object.is(Kind::Cycler) && key == "current") {
    const auto& cycler = object.as<CyclerObject>();
    return cycler.items[cycler.position];
  }
  if (object.is(Kind::Macro)) return macro_attribute(heap_, object.as<MacroObject>(), key);
  if (object.is(Kind::Template)) return block_reference(object, key);
  if (object.is(Kind::Tuple) && object.as<ListObject>().is_group) {
    if (key == "grouper") return object.as<ListObject>().items[0];
    if (key == "list") return object.as<ListObject>().items[1];
  }
  switch (classify_method(object, key)) {
    case MethodClass::None:
      return {};
    case MethodClass::Unsafe:
      return make_undefined(heap_, "access to attribute " + repr_bytes(key) + " of '" +
                                       type_name(object) + "' object is unsafe.");
    case MethodClass::Allowed:
      break;
  }
  auto* method = heap_.make<MethodObject>(key.size());
  method->self = object;
  method->name = key;
  return Value::of(Kind::Method, method);
}

Value Interpreter::native_item(const Value& object, const Value& key) {
  if (object.is(Kind::Dict)) {
    if (key.is(Kind::List) || key.is(Kind::Dict)) return {};
    const Value* found = object.as<DictObject>().find(heap_, key);
    return found == nullptr ? Value() : *found;
  }
  if (is_indexable(object) && key.is_integral()) return element(heap_, object, key.integer());
  return {};
}

Value Interpreter::attribute(const Value& object, const Value& name) {
  refuse_undefined(object);
  Value found = native_attribute(object, name);
  if (found.is_missing()) found = native_item(object, name);
  return found.is_missing() ? make_undefined_member(heap_, object, name) : found;
}

Value Interpreter::item(const Value& object, const Value& key) {
  refuse_undefined(object);
  Value found = native_item(object, key);
  if (found.is_missing() && key.is_string()) found = native_attribute(object, key);
  return found.is_missing() ? make_undefined_member(heap_, object, key) : found;
}

}  // namespace croft::jinja

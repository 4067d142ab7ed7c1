#include "template/value.h"

#include "template/operators.h"
#include "template/print.h"
#include "template/unicode.h"

namespace croft::jinja {

Value Value::of(bool value) {
  Value out(Kind::Bool);
  out.integer_ = value ? 1 : 0;
  return out;
}

Value Value::of(std::int64_t value) {
  Value out(Kind::Int);
  out.integer_ = value;
  return out;
}

Value Value::of(double value) {
  Value out(Kind::Float);
  out.number_ = value;
  return out;
}

Value Value::of(TextRef text) {
  Value out(Kind::String);
  out.text_ = std::move(text);
  return out;
}

Value Value::of(Kind kind, Object* object) {
  Value out(kind);
  out.object_ = object;
  return out;
}

void DictObject::set(Heap& heap, const Value& key, Value value) {
  switch (key.kind()) {
    case Kind::List:
    case Kind::Dict:
      stop("unhashable type: '" + type_name(key) + "'");
    default:
      break;
  }
  if (const Value* found = find(heap, key)) {
    *const_cast<Value*>(found) = std::move(value);  // NOLINT: the entry is ours and not const
    return;
  }
  heap.charge(2 * sizeof(Value) + (key.is_string() ? 64 : 0));
  heap.step();
  entries.emplace_back(key, std::move(value));
  if (key.is_string()) strings_.emplace(key.bytes(), entries.size() - 1);
}

const Value* DictObject::find(std::string_view key) const {
  const auto found = strings_.find(key);
  return found == strings_.end() ? nullptr : &entries[found->second].second;
}

const Value* DictObject::find(Heap& heap, const Value& key) const {
  if (key.is_string()) return find(key.bytes());
  for (const auto& [name, value] : entries) {
    if (!name.is_string() && equals(heap, name, key)) return &value;
  }
  return nullptr;
}

Value make_text(Heap& heap, std::string_view trusted) {
  TextBuilder out(heap);
  out.append(trusted);
  return Value::of(out.finish());
}

Value make_slice(Heap& heap, const Text& text, std::size_t begin, std::size_t end) {
  TextBuilder out(heap);
  out.append_slice(text, begin, end);
  return Value::of(out.finish(text.markup));
}

namespace {

Value make_array(Heap& heap, Kind kind, std::vector<Value> items) {
  heap.step(items.size() / 16);
  const std::size_t bytes = items.capacity() * sizeof(Value);
  return Value::of(kind, heap.make<ListObject>(bytes, std::move(items)));
}

}  // namespace

Value make_list(Heap& heap, std::vector<Value> items) {
  return make_array(heap, Kind::List, std::move(items));
}

Value make_tuple(Heap& heap, std::vector<Value> items) {
  return make_array(heap, Kind::Tuple, std::move(items));
}

Value make_iterator(Heap& heap, std::vector<Value> items) {
  return make_array(heap, Kind::Iterator, std::move(items));
}

Value make_undefined(Heap& heap, std::string hint) {
  auto* undefined = heap.make<UndefinedObject>(hint.size());
  undefined->hint = std::move(hint);
  return Value::of(Kind::Undefined, undefined);
}

Value make_undefined_name(Heap& heap, const std::string& name) {
  return make_undefined(heap, repr_bytes(name) + " is undefined");
}

Value make_undefined_member(Heap& heap, const Value& owner, const Value& name) {
  auto* undefined = heap.make<UndefinedObject>(32);
  undefined->owner = owner.is(Kind::None)        ? "None"
                     : owner.is(Kind::Namespace) ? "jinja2.utils.Namespace object"
                                                 : type_name(owner) + " object";
  undefined->name = name;
  return Value::of(Kind::Undefined, undefined);
}

std::string type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::Missing:
    case Kind::Undefined:
      return "Undefined";
    case Kind::None:
      return "NoneType";
    case Kind::Bool:
      return "bool";
    case Kind::Int:
      return "int";
    case Kind::Float:
      return "float";
    case Kind::String:
      return value.text().markup ? "Markup" : "str";
    case Kind::List:
      return "list";
    case Kind::Tuple:
      return "tuple";
    case Kind::Dict:
      return "dict";
    case Kind::Range:
      return "range";
    case Kind::Iterator:
      return "generator";
    case Kind::View:
      switch (value.as<ViewObject>().view) {
        case ViewKind::Keys:
          return "dict_keys";
        case ViewKind::Values:
          return "dict_values";
        case ViewKind::Items:
          return "dict_items";
      }
      return "dict_items";
    case Kind::Namespace:
      return "Namespace";
    case Kind::Macro:
      return "Macro";
    case Kind::Method:
      return "builtin_function_or_method";
    case Kind::Function:
      return "function";
    case Kind::Loop:
      return "LoopContext";
    case Kind::Cycler:
      return "Cycler";
    case Kind::Joiner:
      return "Joiner";
    case Kind::Template:
      return "jinja2.runtime.TemplateReference";
  }
  return "object";
}

bool is_true(const Value& value) {
  switch (value.kind()) {
    case Kind::Missing:
    case Kind::Undefined:
    case Kind::None:
      return false;
    case Kind::Bool:
    case Kind::Int:
      return value.integer() != 0;
    case Kind::Float:
      return value.number() != 0.0;
    case Kind::String:
      return !value.bytes().empty();
    default: {
      const std::int64_t length = length_of(value);
      return length != 0;  // -1: no length, and so true
    }
  }
}

std::string undefined_message(const Value& value) {
  const auto& undefined = value.as<UndefinedObject>();
  if (!undefined.hint.empty()) return undefined.hint;
  if (undefined.name.is_string()) {
    return repr_bytes(undefined.owner) + " has no attribute " + repr_bytes(undefined.name.bytes());
  }
  return undefined.owner + " has no element " + brief_repr(undefined.name);
}

void refuse_undefined(const Value& value) {
  if (value.is_undefined()) stop(undefined_message(value));
}

std::int64_t length_of(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined:
      return 0;
    case Kind::String:
      return static_cast<std::int64_t>(count_code_points(value.bytes()));
    case Kind::List:
    case Kind::Tuple:
      return static_cast<std::int64_t>(value.as<ListObject>().items.size());
    case Kind::Dict:
      return static_cast<std::int64_t>(value.as<DictObject>().entries.size());
    case Kind::View:
      return static_cast<std::int64_t>(value.as<ViewObject>().dict->entries.size());
    case Kind::Range:
      return value.as<RangeObject>().length;
    default:
      return -1;
  }
}

bool is_iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined:
    case Kind::String:
    case Kind::List:
    case Kind::Tuple:
    case Kind::Dict:
    case Kind::Range:
    case Kind::Iterator:
    case Kind::View:
    case Kind::Loop:
      return true;
    default:
      return false;
  }
}

std::int64_t range_item(const RangeObject& range, std::int64_t index) {
  // Unsigned, because the item one past the end may wrap; no template can see it.
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(range.start) +
                                   static_cast<std::uint64_t>(index) *
                                       static_cast<std::uint64_t>(range.step));
}

namespace {

std::vector<Value> characters_of(Heap& heap, const Text& text) {
  std::vector<Value> out;
  for (std::size_t at = 0; at < text.bytes.size();) {
    const std::size_t begin = at;
    next_code_point(text.bytes, at);
    heap.step();
    out.push_back(make_slice(heap, text, begin, at));
  }
  return out;
}

std::vector<Value> entries_of(Heap& heap, const DictObject& dict, ViewKind view) {
  std::vector<Value> out;
  out.reserve(dict.entries.size());
  heap.step(dict.entries.size() / 16);
  for (const auto& [key, value] : dict.entries) {
    if (view == ViewKind::Items) {
      out.push_back(make_tuple(heap, {key, value}));
    } else {
      out.push_back(view == ViewKind::Keys ? key : value);
    }
  }
  return out;
}

}  // namespace

std::vector<Value> items_of(Heap& heap, const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined:
      return {};
    case Kind::String:
      return characters_of(heap, value.text());
    case Kind::List:
    case Kind::Tuple:
      heap.step(value.as<ListObject>().items.size() / 16);
      return value.as<ListObject>().items;
    case Kind::Iterator: {
      auto& iterator = value.as<ListObject>();
      const auto first = iterator.items.begin() + static_cast<std::ptrdiff_t>(iterator.position);
      iterator.position = iterator.items.size();
      return {first, iterator.items.end()};
    }
    case Kind::Dict:
      return entries_of(heap, value.as<DictObject>(), ViewKind::Keys);
    case Kind::View:
      return entries_of(heap, *value.as<ViewObject>().dict, value.as<ViewObject>().view);
    case Kind::Range: {
      const auto& range = value.as<RangeObject>();
      heap.check_room(static_cast<std::size_t>(range.length) * sizeof(Value));
      heap.step(static_cast<std::size_t>(range.length) / 16);
      std::vector<Value> out;
      for (std::int64_t i = 0; i < range.length; ++i)
        out.push_back(Value::of(range_item(range, i)));
      return out;
    }
    default:
      stop("'" + type_name(value) + "' object is not iterable");
  }
}

}  // namespace croft::jinja

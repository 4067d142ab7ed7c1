// Methods of dict, list, tuple, range, int, float and Jinja's own helpers; the dispatch by type.

#include <algorithm>
#include <array>
#include <cmath>

#include "template/arguments.h"
#include "template/methods.h"
#include "template/operators.h"

namespace croft::jinja {
namespace {

template <std::size_t n>
bool is_one_of(std::string_view name, const std::array<std::string_view, n>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 6> dict_methods{"get",    "items", "keys",
                                                       "values", "copy",  "fromkeys"};
constexpr std::array<std::string_view, 5> dict_changes{"clear", "pop", "popitem", "setdefault",
                                                       "update"};
constexpr std::array<std::string_view, 3> list_methods{"index", "count", "copy"};
constexpr std::array<std::string_view, 8> list_changes{"append", "clear", "pop",    "reverse",
                                                       "insert", "sort",  "extend", "remove"};
constexpr std::array<std::string_view, 2> sequence_methods{"index", "count"};
constexpr std::array<std::string_view, 2> integer_methods{"bit_length", "conjugate"};
constexpr std::array<std::string_view, 2> float_methods{"is_integer", "conjugate"};
constexpr std::array<std::string_view, 2> cycler_methods{"next", "reset"};

Value call_dict(Interpreter& interpreter, const Value& self, std::string_view name,
                const Args& args) {
  Heap& heap = interpreter.heap();
  auto& dict = self.as<DictObject>();
  if (name == "get") {
    const Bound bound("get()", args, {"key", "default"}, 1);
    if (!args.named.empty()) stop("dict.get() takes no keyword arguments");
    if (bound[0].is(Kind::List) || bound[0].is(Kind::Dict))
      stop("unhashable type: '" + type_name(bound[0]) + "'");
    const Value* found = dict.find(heap, bound[0]);
    if (found != nullptr) return *found;
    return bound.has(1) ? bound[1] : Value::none();
  }
  const Bound none("this method of dict", args, {});
  if (name == "copy") {
    auto* copy = heap.make<DictObject>(0);
    for (const auto& [key, value] : dict.entries) copy->set(heap, key, value);
    return Value::of(Kind::Dict, copy);
  }
  if (name == "fromkeys") stop("dict.fromkeys() is not supported in chat templates");
  auto* view = heap.make<ViewObject>(0);
  view->dict = &dict;
  view->view = name == "keys"     ? ViewKind::Keys
               : name == "values" ? ViewKind::Values
                                  : ViewKind::Items;
  return Value::of(Kind::View, view);
}

Value call_sequence(Interpreter& interpreter, const Value& self, std::string_view name,
                    const Args& args) {
  Heap& heap = interpreter.heap();
  const std::vector<Value> items = items_of(heap, self);
  if (name == "copy") {
    const Bound none("copy()", args, {});
    return make_list(heap, items);
  }
  const Bound bound("index() and count()", args, {"value"}, 1);
  const auto matches = [&](const Value& item) { return equals(heap, item, bound[0]); };
  if (name == "count")
    return Value::of(static_cast<std::int64_t>(std::count_if(items.begin(), items.end(), matches)));
  const auto found = std::find_if(items.begin(), items.end(), matches);
  if (found == items.end()) stop("the value is not in the " + type_name(self));
  return Value::of(static_cast<std::int64_t>(found - items.begin()));
}

Value call_number(const Value& self, std::string_view name, const Args& args) {
  const Bound none("this method of a number", args, {});
  if (name == "is_integer")
    return Value::of(std::floor(self.number()) == self.number() && std::isfinite(self.number()));
  if (name == "conjugate") return self;
  std::int64_t bits = 0;
  for (auto rest = static_cast<unsigned long long>(self.integer() < 0 ? -(self.integer() + 1)
                                                                      : self.integer());
       rest > 0; rest >>= 1)
    ++bits;
  return Value::of(bits);
}

Value call_cycler(const Value& self, std::string_view name, const Args& args) {
  const Bound none("this method of a cycler", args, {});
  auto& cycler = self.as<CyclerObject>();
  if (name == "reset") {
    cycler.position = 0;
    return Value::none();
  }
  const std::size_t position = cycler.position;
  cycler.position = (position + 1) % cycler.items.size();
  return cycler.items[position];
}

}  // namespace

MethodClass classify_method(const Value& object, std::string_view name) {
  const auto allowed = [](bool is) { return is ? MethodClass::Allowed : MethodClass::None; };
  switch (object.kind()) {
    case Kind::String:
      return allowed(find_string_method(name) != nullptr);
    case Kind::Dict:
      if (is_one_of(name, dict_changes)) return MethodClass::Unsafe;
      return allowed(is_one_of(name, dict_methods));
    case Kind::List:
      if (is_one_of(name, list_changes)) return MethodClass::Unsafe;
      return allowed(is_one_of(name, list_methods));
    case Kind::Tuple:
    case Kind::Range:
      return allowed(is_one_of(name, sequence_methods));
    case Kind::Bool:
    case Kind::Int:
      return allowed(is_one_of(name, integer_methods));
    case Kind::Float:
      return allowed(is_one_of(name, float_methods));
    case Kind::Cycler:
      return allowed(is_one_of(name, cycler_methods));
    default:
      return MethodClass::None;
  }
}

Value call_native_method(Interpreter& interpreter, const Value& self, std::string_view name,
                         const Args& args) {
  switch (self.kind()) {
    case Kind::String:
      return find_string_method(name)(interpreter, self.text(), args);
    case Kind::Dict:
      return call_dict(interpreter, self, name, args);
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
      return call_sequence(interpreter, self, name, args);
    case Kind::Cycler:
      return call_cycler(self, name, args);
    default:
      return call_number(self, name, args);
  }
}

}  // namespace croft::jinja

#include "template/globals.h"

#include <array>

#include "template/arguments.h"
#include "template/print.h"
#include "template/strftime.h"

namespace croft::jinja {
namespace {

/// Jinja's sandbox refuses ranges longer than this.
constexpr std::int64_t range_length_max = 100'000;

std::int64_t range_length(std::int64_t start, std::int64_t end, std::int64_t step) {
  const auto low = static_cast<__int128>(step > 0 ? start : end);
  const auto high = static_cast<__int128>(step > 0 ? end : start);
  if (high <= low) return 0;
  const auto width = step > 0 ? static_cast<__int128>(step) : -static_cast<__int128>(step);
  const __int128 length = (high - low - 1) / width + 1;
  if (length > range_length_max) {
    stop_too_large("Range too big. The sandbox blocks ranges larger than " +
                   std::to_string(range_length_max));
  }
  return static_cast<std::int64_t>(length);
}

Value range(Interpreter& interpreter, const Args& args) {
  const Bound bound("range()", args, {"start", "stop", "step"}, 1);
  if (!args.named.empty()) stop("range() takes no keyword arguments");
  auto* out = interpreter.heap().make<RangeObject>(0);
  const std::int64_t first = bound.integer(0, 0);
  out->start = bound.has(1) ? first : 0;
  const std::int64_t end = bound.has(1) ? bound.integer(1, 0) : first;
  out->step = bound.integer(2, 1);
  if (out->step == 0) stop("range() arg 3 must not be zero");
  out->length = range_length(out->start, end, out->step);
  return Value::of(Kind::Range, out);
}

/// dict(...) and namespace(...): a mapping or a list of pairs, then keywords.
void fill(Heap& heap, DictObject& dict, const Args& args, const char* what) {
  if (args.positional.size() > 1) stop(std::string(what) + " expected at most 1 argument");
  if (!args.positional.empty()) {
    const Value& source = args.positional[0];
    if (source.is(Kind::Dict)) {
      for (const auto& [key, value] : source.as<DictObject>().entries) dict.set(heap, key, value);
    } else {
      for (const Value& pair : items_of(heap, source)) {
        const std::vector<Value> items = items_of(heap, pair);
        if (items.size() != 2) stop(std::string(what) + " needs pairs of a key and a value");
        dict.set(heap, items[0], items[1]);
      }
    }
  }
  for (const auto& [name, value] : args.named) dict.set(heap, make_text(heap, name), value);
}

Value make_dict(Interpreter& interpreter, const Args& args) {
  auto* out = interpreter.heap().make<DictObject>(0);
  fill(interpreter.heap(), *out, args, "dict()");
  return Value::of(Kind::Dict, out);
}

Value make_namespace(Interpreter& interpreter, const Args& args) {
  auto* out = interpreter.heap().make<NamespaceObject>(0);
  fill(interpreter.heap(), out->members, args, "namespace()");
  return Value::of(Kind::Namespace, out);
}

Value make_cycler(Interpreter& interpreter, const Args& args) {
  if (args.positional.empty()) stop("at least one item has to be provided");
  if (!args.named.empty()) stop("cycler() takes no keyword arguments");
  auto* out = interpreter.heap().make<CyclerObject>(args.positional.size() * sizeof(Value));
  out->items = args.positional;
  return Value::of(Kind::Cycler, out);
}

Value make_joiner(Interpreter& interpreter, const Args& args) {
  const Bound bound("joiner()", args, {"sep"});
  auto* out = interpreter.heap().make<JoinerObject>(0);
  out->separator = bound.has(0) ? to_text(interpreter.heap(), bound[0]) : constant_text(", ");
  return Value::of(Kind::Joiner, out);
}

Value raise_exception(Interpreter& interpreter, const Args& args) {
  const Bound bound("raise_exception()", args, {"message"}, 1);
  throw Failure{FailureKind::Raised, to_text(interpreter.heap(), bound[0])->bytes, 0};
}

Value strftime_now(Interpreter& interpreter, const Args& args) {
  const Bound bound("strftime_now()", args, {"format"}, 1);
  const Text& format = bound.text(0);
  return make_text(interpreter.heap(), format_time(format.bytes, interpreter.options().now));
}

Value lipsum(Interpreter&, const Args&) {
  stop("lipsum() is not supported: it makes random text");
}

struct Global {
  std::string_view name;
  NativeFunction function;
};

constexpr std::array<Global, 8> globals{{{"range", range},
                                         {"dict", make_dict},
                                         {"namespace", make_namespace},
                                         {"cycler", make_cycler},
                                         {"joiner", make_joiner},
                                         {"raise_exception", raise_exception},
                                         {"strftime_now", strftime_now},
                                         {"lipsum", lipsum}}};

}  // namespace

Value make_global(Heap& heap, std::string_view name) {
  for (const Global& global : globals) {
    if (global.name != name) continue;
    auto* out = heap.make<FunctionObject>(0);
    out->name = name;
    out->function = global.function;
    return Value::of(Kind::Function, out);
  }
  return {};
}

}  // namespace croft::jinja

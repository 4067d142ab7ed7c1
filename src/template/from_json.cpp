#include "template/from_json.h"

#include <limits>

namespace croft::jinja {
namespace {

Value from_string(Heap& heap, std::string_view text, bool trusted) {
  TextBuilder out(heap);
  out.append(text, !trusted);
  return Value::of(out.finish());
}

}  // namespace

Value from_json(Heap& heap, const json::value& value, bool trusted, std::size_t depth) {
  if (depth > limits::template_depth_max) {
    stop_too_large("the template's input is nested deeper than " +
                   std::to_string(limits::template_depth_max));
  }
  switch (value.kind()) {
    case json::kind::null:
      return Value::none();
    case json::kind::bool_:
      return Value::of(value.get_bool());
    case json::kind::int64:
      return Value::of(value.get_int64());
    case json::kind::uint64:
      // Python keeps the exact integer; beyond 64 bits signed we have only its nearest double.
      if (value.get_uint64() >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return Value::of(static_cast<double>(value.get_uint64()));
      }
      return Value::of(static_cast<std::int64_t>(value.get_uint64()));
    case json::kind::double_:
      return Value::of(value.get_double());
    case json::kind::string:
      return from_string(heap, value.get_string(), trusted);
    case json::kind::array: {
      std::vector<Value> items;
      items.reserve(value.get_array().size());
      for (const json::value& item : value.get_array()) {
        items.push_back(from_json(heap, item, trusted, depth + 1));
      }
      return make_list(heap, std::move(items));
    }
    case json::kind::object: {
      auto* dict = heap.make<DictObject>(0);
      for (const auto& member : value.get_object()) {
        dict->set(heap, from_string(heap, member.key(), trusted),
                  from_json(heap, member.value(), trusted, depth + 1));
      }
      return Value::of(Kind::Dict, dict);
    }
  }
  return Value::none();
}

}  // namespace croft::jinja

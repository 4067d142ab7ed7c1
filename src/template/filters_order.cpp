// Filters that compare items: sort, dictsort, groupby, unique, min, max.

#include <algorithm>
#include <array>
#include <numeric>

#include "template/arguments.h"
#include "template/filters.h"
#include "template/operators.h"
#include "template/stable_order.h"

namespace croft::jinja {
namespace {

/// Stable sort of `items` by `keys`.
void sort_by(Heap& heap, std::vector<Value>& items, const std::vector<Value>& keys, bool reverse) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (reverse) std::reverse(order.begin(), order.end());
  sort_indices(heap, order, [&](std::size_t i) -> const Value& { return keys[i]; });
  if (reverse) std::reverse(order.begin(), order.end());
  std::vector<Value> sorted;
  sorted.reserve(items.size());
  for (const std::size_t i : order) sorted.push_back(items[i]);
  items = std::move(sorted);
}

/// Paths of a comma-separated attribute: sort(attribute="age,name").
std::vector<AttributePath> paths_of(Heap& heap, const Value& attribute) {
  std::vector<AttributePath> out;
  if (!attribute.is_string()) {
    out.emplace_back(heap, attribute);
    return out;
  }
  std::string_view rest = attribute.bytes();
  while (true) {
    const std::size_t comma = rest.find(',');
    out.emplace_back(heap, make_text(heap, rest.substr(0, comma)));
    if (comma == std::string_view::npos) return out;
    rest = rest.substr(comma + 1);
  }
}

Value sort(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("sort", args, {"reverse", "case_sensitive", "attribute"});
  Heap& heap = interpreter.heap();
  std::vector<Value> items = items_of(heap, input);
  const std::vector<AttributePath> paths = paths_of(heap, bound[2]);
  std::vector<Value> keys;
  for (const Value& item : items) {
    std::vector<Value> key;
    for (const AttributePath& path : paths)
      key.push_back(fold_case(heap, path.of(interpreter, item), bound.flag(1)));
    keys.push_back(make_tuple(heap, std::move(key)));
  }
  sort_by(heap, items, keys, bound.flag(0));
  return make_list(heap, std::move(items));
}

Value dictsort(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("dictsort", args, {"case_sensitive", "by", "reverse"});
  Heap& heap = interpreter.heap();
  refuse_undefined(input);
  if (!input.is(Kind::Dict)) stop("'" + type_name(input) + "' object has no attribute 'items'");
  const std::string_view by = bound.has(1) && bound[1].is_string() ? bound[1].bytes() : "key";
  if (by != "key" && by != "value") stop("You can only sort by either \"key\" or \"value\"");
  std::vector<Value> items;
  std::vector<Value> keys;
  for (const auto& [key, value] : input.as<DictObject>().entries) {
    items.push_back(make_tuple(heap, {key, value}));
    keys.push_back(fold_case(heap, by == "key" ? key : value, bound.flag(0)));
  }
  sort_by(heap, items, keys, bound.flag(2));
  return make_list(heap, std::move(items));
}

Value groupby(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("groupby", args, {"attribute", "default", "case_sensitive"}, 1);
  Heap& heap = interpreter.heap();
  const AttributePath path(heap, bound[0]);
  const auto key_of = [&](const Value& item) {
    return fold_case(heap, path.of(interpreter, item, bound[1]), bound.flag(2));
  };
  std::vector<Value> items = items_of(heap, input);
  std::vector<Value> keys;
  for (const Value& item : items) keys.push_back(key_of(item));
  sort_by(heap, items, keys, false);
  std::vector<Value> groups;
  for (std::size_t begin = 0; begin < items.size();) {
    const Value key = key_of(items[begin]);
    std::size_t end = begin + 1;
    while (end < items.size() && equals(heap, key, key_of(items[end]))) ++end;
    const auto first = items.begin() + static_cast<std::ptrdiff_t>(begin);
    const Value members =
        make_list(heap, {first, items.begin() + static_cast<std::ptrdiff_t>(end)});
    const Value group = make_tuple(heap, {path.of(interpreter, items[begin], bound[1]), members});
    group.as<ListObject>().is_group = true;
    groups.push_back(group);
    begin = end;
  }
  return make_list(heap, std::move(groups));
}

Value unique(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("unique", args, {"case_sensitive", "attribute"});
  Heap& heap = interpreter.heap();
  const AttributePath path(heap, bound[1]);
  auto* seen = heap.make<DictObject>(0);
  std::vector<Value> out;
  for (const Value& item : items_of(heap, input)) {
    const Value key = fold_case(heap, path.of(interpreter, item), bound.flag(0));
    const std::size_t before = seen->entries.size();
    seen->set(heap, key, Value::none());
    if (seen->entries.size() > before) out.push_back(item);
  }
  return make_iterator(heap, std::move(out));
}

template <bool want_max>
Value extreme(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound(want_max ? "max" : "min", args, {"case_sensitive", "attribute"});
  Heap& heap = interpreter.heap();
  const AttributePath path(heap, bound[1]);
  const std::vector<Value> items = items_of(heap, input);
  if (items.empty()) return make_undefined(heap, "No aggregated item, sequence was empty.");
  Value best = items[0];
  Value best_key = fold_case(heap, path.of(interpreter, best), bound.flag(0));
  for (std::size_t i = 1; i < items.size(); ++i) {
    Value key = fold_case(heap, path.of(interpreter, items[i]), bound.flag(0));
    const bool is_better = want_max ? less(heap, best_key, key) : less(heap, key, best_key);
    if (!is_better) continue;
    best = items[i];
    best_key = std::move(key);
  }
  return best;
}

constexpr std::array<FilterEntry, 6> table{{{"sort", sort},
                                            {"dictsort", dictsort},
                                            {"groupby", groupby},
                                            {"unique", unique},
                                            {"min", extreme<false>},
                                            {"max", extreme<true>}}};

}  // namespace

std::span<const FilterEntry> order_filters() {
  return table;
}

}  // namespace croft::jinja

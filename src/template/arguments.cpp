#include "template/arguments.h"

#include <algorithm>

namespace croft::jinja {

Bound::Bound(std::string_view what, const Args& args, std::initializer_list<std::string_view> names,
             std::size_t required_count)
    : what_(what), values_(names.size()) {
  if (args.positional.size() > names.size()) {
    stop(what_ + " takes at most " + std::to_string(names.size()) + " argument(s), got " +
         std::to_string(args.positional.size()));
  }
  std::copy(args.positional.begin(), args.positional.end(), values_.begin());
  for (const auto& [name, value] : args.named) {
    const auto* found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) stop(what_ + " got an unexpected keyword argument '" + name + "'");
    Value& slot = values_[static_cast<std::size_t>(found - names.begin())];
    if (!slot.is_missing()) stop(what_ + " got multiple values for argument '" + name + "'");
    slot = value;
  }
  for (std::size_t i = 0; i < required_count; ++i) {
    if (!has(i)) stop(what_ + " misses its argument '" + std::string(names.begin()[i]) + "'");
  }
}

std::int64_t Bound::integer(std::size_t i, std::int64_t fallback) const {
  if (!has(i)) return fallback;
  refuse_undefined(values_[i]);
  if (!values_[i].is_integral()) {
    stop(what_ + ": '" + type_name(values_[i]) + "' object cannot be interpreted as an integer");
  }
  return values_[i].integer();
}

bool Bound::flag(std::size_t i, bool fallback) const {
  return has(i) ? is_true(values_[i]) : fallback;
}

const Text& Bound::text(std::size_t i) const {
  if (!values_[i].is_string()) {
    refuse_undefined(values_[i]);
    stop(what_ + " argument " + std::to_string(i + 1) + " must be str, not " +
         type_name(values_[i]));
  }
  return values_[i].text();
}

}  // namespace croft::jinja

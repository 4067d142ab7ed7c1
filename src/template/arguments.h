#pragma once
/// Matches the arguments of a call against a native function's parameters, as Python would.

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "template/interpreter.h"

namespace croft::jinja {

class Bound {
 public:
  /// Stops where a required parameter lacks, or something is given that `names` does not take.
  Bound(std::string_view what, const Args& args, std::initializer_list<std::string_view> names,
        std::size_t required_count = 0);

  [[nodiscard]] const Value& operator[](std::size_t i) const { return values_[i]; }
  [[nodiscard]] bool has(std::size_t i) const { return !values_[i].is_missing(); }
  /// Given and not None.
  [[nodiscard]] bool has_value(std::size_t i) const { return has(i) && !values_[i].is(Kind::None); }
  [[nodiscard]] std::int64_t integer(std::size_t i, std::int64_t fallback) const;
  [[nodiscard]] bool flag(std::size_t i, bool fallback = false) const;
  [[nodiscard]] const Text& text(std::size_t i) const;  ///< stops where it is no string

 private:
  std::string what_;
  std::vector<Value> values_;
};

}  // namespace croft::jinja

#pragma once
/// Finds records by name. Positions are kept in name order and searched by halves: a hash table
/// would cost several times the memory per name and could be flooded with colliding names. Used
/// inside src/io only.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

namespace croft {

class NameIndex {
 public:
  /// Indexes records 0 .. count - 1, whose names `name_of(position)` tells. Returns the position of
  /// a name that occurs twice, if there is one. Requires count < 2^32.
  template <typename NameOf>
  [[nodiscard]] std::optional<std::uint32_t> build(std::size_t count, NameOf name_of) {
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), 0U);
    std::ranges::sort(order_, {}, name_of);
    const auto twice = std::ranges::adjacent_find(order_, {}, name_of);
    if (twice == order_.end()) return std::nullopt;
    return *twice;
  }

  /// The position of `name`. `name_of` must tell the same names as for `build`.
  template <typename NameOf>
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name, NameOf name_of) const {
    const auto it = std::ranges::lower_bound(order_, name, {}, name_of);
    if (it == order_.end() || name_of(*it) != name) return std::nullopt;
    return *it;
  }

 private:
  std::vector<std::uint32_t> order_;
};

}  // namespace croft

#pragma once
/// Sorting that survives any comparison.

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "template/operators.h"

namespace croft::jinja {

/// Sorts the indices in `order` by less(key(i), key(j)); equal ones keep their order. A merge sort
/// written out: the comparison may throw, and must not meet an algorithm that needs a strict weak
/// order (NaN breaks one).
template <typename Key>
void sort_indices(Heap& heap, std::vector<std::size_t>& order, Key&& key) {
  std::vector<std::size_t> merged(order.size());
  for (std::size_t width = 1; width < order.size(); width *= 2) {
    for (std::size_t begin = 0; begin < order.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, order.size());
      const std::size_t end = std::min(begin + 2 * width, order.size());
      std::size_t left = begin;
      std::size_t right = middle;
      for (std::size_t out = begin; out < end; ++out) {
        const bool take_right =
            left == middle || (right < end && less(heap, key(order[right]), key(order[left])));
        merged[out] = take_right ? order[right++] : order[left++];
      }
    }
    std::swap(order, merged);
  }
}

}  // namespace croft::jinja

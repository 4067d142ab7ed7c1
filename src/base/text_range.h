#pragma once
/// Half-open byte ranges of a text, used to remember which bytes came from outside.

#include <cstddef>
#include <string>
#include <vector>

namespace croft {

struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// Text with the ranges that a user, a tool or a document wrote (sorted, disjoint, none empty).
/// Bytes inside `untrusted` can never become a control token (threats.md J6).
struct MarkedText {
  std::string text;
  std::vector<ByteRange> untrusted;
};

}  // namespace croft

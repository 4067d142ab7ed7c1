#include "router/policy/keyword.h"

#include <algorithm>

#include "base/check.h"

namespace croft {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

Keyword::Keyword(std::string_view text) : lower_(text), border_(text.size(), 0) {
  CHECK(!text.empty() && text.size() <= bytes_max);
  std::ranges::transform(lower_, lower_.begin(), lower);
  std::uint16_t length = 0;
  for (std::size_t i = 1; i < lower_.size(); ++i) {
    while (length > 0 && lower_[i] != lower_[length]) length = border_[length - 1U];
    if (lower_[i] == lower_[length]) ++length;
    border_[i] = length;
  }
}

bool Keyword::occurs_in(std::string_view text) const {
  const char first = lower_.front();
  std::size_t matched = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = lower(text[i]);
    if (matched == 0 && c != first) continue;  // by far the most bytes
    while (matched > 0 && c != lower_[matched]) matched = border_[matched - 1];
    if (c == lower_[matched] && ++matched == lower_.size()) return true;
  }
  return false;
}

}  // namespace croft

#pragma once
/// How far a mistyped name is from a known one.

#include <cstddef>
#include <string_view>

namespace croft {

/// Levenshtein's distance in bytes: insertions, removals and replacements that make `b` of `a`.
/// Takes |a| * |b| steps: bound the lengths of what comes from outside.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace croft

#pragma once
/// "Did you mean": the names closest to a mistyped one.

#include <string>
#include <string_view>
#include <vector>

namespace croft {

/// Up to `count_max` of `names`, nearest first: those that begin with `name` or contain it, then
/// those within a third of its length in edits. Case-blind. `name` longer than 128 bytes has no
/// near names.
std::vector<std::string> near_names(std::string_view name, std::vector<std::string> names,
                                    std::size_t count_max);

}  // namespace croft

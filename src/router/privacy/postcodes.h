#pragma once
/// Postcodes by their form.

#include <cstddef>
#include <string_view>

namespace croft::privacy {

/// "CA ", "IL, ": two capitals of a state of the USA right before `start`.
[[nodiscard]] bool is_us_state_before(std::string_view text, std::size_t start);

}  // namespace croft::privacy

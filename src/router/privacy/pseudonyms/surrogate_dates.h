#pragma once
/// Dates moved by whole weeks, so that days of the week and spans between dates stay true.

#include <optional>
#include <string>
#include <string_view>

namespace croft::privacy {

/// The first date in `value`, `days` later, in the same form; the rest (a time of day) stays.
/// Understood: 1969-03-12, 12.03.1969, 3/12/69, 12 March 1969, March 12, 1969, in six languages.
/// nullopt: no date that is whole.
[[nodiscard]] std::optional<std::string> shifted_date(std::string_view value, int days);

}  // namespace croft::privacy

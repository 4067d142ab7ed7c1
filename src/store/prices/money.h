#pragma once
/// Money as whole billionths of a currency's unit ("nano": 1 USD is 1,000,000,000), so that sums
/// are exact: a token of the cheapest models costs some tens of them. An int64 holds 9.2 billion
/// units.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace croft {

inline constexpr std::int64_t nano_per_unit = 1'000'000'000;

/// "12", "0.075", "-3.5" as nano. None where it is no plain decimal number, has more than nine
/// decimals that are not 0, or does not fit.
[[nodiscard]] std::optional<std::int64_t> parse_nano(std::string_view text);

/// A JSON number or a setting as nano. None where it is not finite, is no whole number of nano (a
/// double is exact enough up to some nine million units), or does not fit.
[[nodiscard]] std::optional<std::int64_t> nano_from(double units);

/// All decimals that are not 0, and at least two: "12.00", "0.000075".
[[nodiscard]] std::string nano_text(std::int64_t nano);
/// The same with its currency: "12.00 USD".
[[nodiscard]] std::string nano_text(std::int64_t nano, std::string_view currency);

}  // namespace croft

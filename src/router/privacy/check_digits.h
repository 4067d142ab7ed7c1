#pragma once
/// Check digits of cards, accounts and registers, as pure functions over digits. A number of the
/// wrong length is not valid; nothing here knows of separators.
///
/// Source: the issuing bodies' public rules, named beside each function in check_digits.cpp.

#include <cstdint>
#include <span>
#include <string_view>

namespace croft::privacy {

using Digits = std::span<const std::uint8_t>;  ///< each 0 to 9

/// Sum of digit[i] * weight[i], over the shorter of the two.
[[nodiscard]] int weighted_sum(Digits digits, std::string_view weights_hex);
[[nodiscard]] bool luhn_valid(Digits digits);          ///< ISO/IEC 7812-1
[[nodiscard]] bool verhoeff_valid(Digits digits);      ///< dihedral group D5
[[nodiscard]] bool mod_11_10_valid(Digits digits);     ///< ISO 7064 MOD 11,10
[[nodiscard]] std::uint64_t number_of(Digits digits);  ///< at most 19 digits
/// Day and month of some year that may be a leap year.
[[nodiscard]] bool is_day(int day, int month);
[[nodiscard]] bool all_equal(Digits digits);
/// ISO 7064 MOD 97-10 over letters and digits, the first four moved to the end; true where the rest
/// is 1. Letters in either case.
[[nodiscard]] bool mod_97_valid(std::string_view account);

}  // namespace croft::privacy

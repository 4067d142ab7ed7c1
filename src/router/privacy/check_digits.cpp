#include "router/privacy/check_digits.h"

#include <algorithm>
#include <array>

#include "router/privacy/characters.h"

namespace croft::privacy {

int weighted_sum(Digits digits, std::string_view weights_hex) {
  int sum = 0;
  const std::size_t count = std::min(digits.size(), weights_hex.size());
  for (std::size_t i = 0; i < count; ++i) {
    const char w = weights_hex[i];
    sum += digits[i] * (w <= '9' ? w - '0' : w - 'a' + 10);
  }
  return sum;
}

bool luhn_valid(Digits digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int value = digits[digits.size() - 1 - i];
    if (i % 2 == 1) value = value > 4 ? 2 * value - 9 : 2 * value;
    sum += value;
  }
  return !digits.empty() && sum % 10 == 0;
}

bool verhoeff_valid(Digits digits) {
  // Multiplication in D5, and the permutation of each place: (1 5 8 9 4 2 7 0)(3 6), repeated.
  const auto multiply = [](int a, int b) {
    if (a < 5) return b < 5 ? (a + b) % 5 : (a + b - 5) % 5 + 5;
    return b < 5 ? (a - 5 - b + 5) % 5 + 5 : (a - b + 5) % 5;
  };
  constexpr std::array<std::uint8_t, 10> kPermutation = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
  int check = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    std::uint8_t value = digits[digits.size() - 1 - i];
    for (std::size_t times = i % 8; times > 0; --times) value = kPermutation[value];
    check = multiply(check, value);
  }
  return !digits.empty() && check == 0;
}

bool mod_11_10_valid(Digits digits) {
  if (digits.size() < 2) return false;
  int product = 10;
  for (const std::uint8_t digit : digits.first(digits.size() - 1)) {
    int sum = (digit + product) % 10;
    if (sum == 0) sum = 10;
    product = 2 * sum % 11;
  }
  return (11 - product) % 10 == digits.back();
}

std::uint64_t number_of(Digits digits) {
  std::uint64_t value = 0;
  for (const std::uint8_t digit : digits) value = 10 * value + digit;
  return value;
}

bool is_day(int day, int month) {
  constexpr std::array<int, 12> kDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month >= 1 && month <= 12 && day >= 1 && day <= kDays[static_cast<std::size_t>(month - 1)];
}

bool all_equal(Digits digits) {
  return std::ranges::all_of(digits, [&](std::uint8_t digit) { return digit == digits.front(); });
}

bool mod_97_valid(std::string_view account) {
  if (account.size() < 5) return false;
  unsigned rest = 0;
  for (std::size_t i = 0; i < account.size(); ++i) {
    const char c = account[(i + 4) % account.size()];
    if (is(c, kDigit))
      rest = (10 * rest + static_cast<unsigned>(c - '0')) % 97;
    else if (is(c, kUpper | kLower))
      rest = (100 * rest + static_cast<unsigned>(upper(c) - 'A' + 10)) % 97;
    else
      return false;
  }
  return rest == 1;
}

}  // namespace croft::privacy

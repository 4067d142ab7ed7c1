#include "store/prices/money.h"

#include <cmath>

#include "base/checked.h"

namespace croft {
namespace {

constexpr int decimals_max = 9;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The digits of `text` as a number; none where one is no digit, or where they do not fit.
std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto tenfold = checked_mul<std::int64_t>(value, 10);
    const auto sum = tenfold ? checked_add<std::int64_t>(*tenfold, c - '0') : std::nullopt;
    if (!sum) return std::nullopt;
    value = *sum;
  }
  return value;
}

}  // namespace

std::optional<std::int64_t> parse_nano(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view units = text.substr(0, point);
  std::string parts(point == std::string_view::npos ? std::string_view{} : text.substr(point + 1));
  if (units.empty() || (point != std::string_view::npos && parts.empty())) return std::nullopt;
  for (const char c : parts)
    if (!is_digit(c)) return std::nullopt;
  while (parts.size() > decimals_max && parts.back() == '0') parts.pop_back();
  if (parts.size() > decimals_max) return std::nullopt;
  parts.resize(decimals_max, '0');
  const auto high = whole(units);
  const auto low = whole(parts);
  if (!high || !low) return std::nullopt;
  const auto nano = checked_mul<std::int64_t>(*high, nano_per_unit);
  const auto sum = nano ? checked_add<std::int64_t>(*nano, *low) : std::nullopt;
  if (!sum) return std::nullopt;
  return negative ? -*sum : *sum;
}

std::optional<std::int64_t> nano_from(double units) {
  // Beyond this a double's neighbours are further apart than a nano's tenth.
  constexpr double units_max = 9e6;
  if (!std::isfinite(units) || std::abs(units) > units_max) return std::nullopt;
  const double nano = units * static_cast<double>(nano_per_unit);
  const double nearest = std::round(nano);
  // What a person wrote with nine decimals is within two roundings of a whole number.
  if (std::abs(nano - nearest) > 1e-3 + std::abs(nano) * 4e-16) return std::nullopt;
  return static_cast<std::int64_t>(nearest);
}

std::string nano_text(std::int64_t nano) {
  // Unsigned, because the smallest int64 has no positive twin.
  const bool negative = nano < 0;
  const std::uint64_t size =
      negative ? ~static_cast<std::uint64_t>(nano) + 1 : static_cast<std::uint64_t>(nano);
  constexpr auto unit = static_cast<std::uint64_t>(nano_per_unit);
  std::string decimals = std::to_string(size % unit);
  decimals.insert(0, decimals_max - decimals.size(), '0');
  while (decimals.size() > 2 && decimals.back() == '0') decimals.pop_back();
  return (negative ? "-" : "") + std::to_string(size / unit) + "." + decimals;
}

std::string nano_text(std::int64_t nano, std::string_view currency) {
  return nano_text(nano) + (currency.empty() ? "" : " ") + std::string(currency);
}

}  // namespace croft

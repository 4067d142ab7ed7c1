// Telephone numbers of the ranges that regulators keep free for films and books.
#include <array>

#include "router/privacy/characters.h"
#include "router/privacy/pseudonyms/surrogate_numbers.h"

namespace croft::privacy {
namespace {

/// A range: `prefix` and then any digits, `total` in all, within its country (no trunk zero).
struct Range {
  std::string_view prefix;
  std::size_t total;
  bool is_mobile;
};
struct Country {
  std::string_view code;
  std::string_view mobile;  ///< first digits of its mobile numbers
  std::array<Range, 5> ranges;
};

constexpr auto kCountries = std::to_array<Country>({
    {"44",
     "7",
     {{{"2079460", 10, false},
       {"1632960", 10, false},
       {"1314960", 10, false},
       {"1614960", 10, false},
       {"7700900", 10, true}}}},
    {"49",
     "1",
     {{{"3023125", 10, false},
       {"6990009", 10, false},
       {"4066969", 10, false},
       {"2214710", 10, false},
       {"8999998", 10, false}}}},
    {"33",
     "67",
     {{{"19900", 9, false},
       {"26191", 9, false},
       {"35301", 9, false},
       {"46571", 9, false},
       {"63998", 9, true}}}},
    {"61",
     "4",
     {{{"25550", 9, false}, {"35550", 9, false}, {"75550", 9, false}, {"85550", 9, false}, {}}}},
    {"46", "7", {{{"3139006", 9, false}, {"4062804", 9, false}, {}, {}, {}}}},
});
constexpr std::size_t kFreeMin = 2;  // digits that a range must leave

constexpr auto kAreas =
    std::to_array<std::string_view>({"201", "206", "212", "213", "303", "305", "312", "404", "415",
                                     "503", "512", "602", "617", "702", "713", "808"});

std::string north_american(Draw& draw) {
  return std::string(draw.of(kAreas)) + "55501" + draw.digit() + draw.digit();
}

/// A number of `count` digits of `country`, mobile where the original was; empty: no range fits.
std::string of_country(const Country& country, std::string_view original, Draw& draw) {
  if (original.empty()) return {};
  const bool is_mobile = country.mobile.contains(original.front());
  std::array<const Range*, 5> fitting{};
  std::size_t count = 0;
  // The same kind and area code first, so that spaces stand where they should.
  for (int strict = 2; strict >= 0 && count == 0; --strict)
    for (const Range& range : country.ranges)
      if (!range.prefix.empty() && range.total >= original.size() &&
          original.size() >= range.prefix.size() + kFreeMin &&
          (strict < 1 || range.is_mobile == is_mobile) &&
          (strict < 2 || range.prefix.substr(0, 2) == original.substr(0, 2)))
        fitting[count++] = &range;
  if (count == 0) return {};
  std::string out(fitting[draw.below(count)]->prefix);
  while (out.size() < original.size()) out += draw.digit();
  return out;
}

/// Nobody's number: two zeros stand where every plan has something else.
std::string unassigned(std::size_t count, Draw& draw) {
  std::string out(std::min<std::size_t>(count, 2), '0');
  while (out.size() < count) out += draw.digit();
  return out;
}

std::string national(std::string_view code, std::string_view original, Draw& draw) {
  for (const Country& country : kCountries)
    if (country.code == code)
      if (std::string found = of_country(country, original, draw); !found.empty()) return found;
  return unassigned(original.size(), draw);
}

/// The country's code at the beginning of an international number; two digits where it is not one
/// of those that the table has.
std::string_view country_code(std::string_view digits) {
  if (digits.starts_with('1') || digits.starts_with('7')) return digits.substr(0, 1);
  return digits.substr(0, 2);
}

}  // namespace

std::optional<std::string> surrogate_phone(std::string_view value, Draw& draw) {
  const std::string digits = digits_of(value);
  if (digits.size() < 5) return std::nullopt;
  const bool international = value.contains('+') || digits.starts_with("00");
  std::string out;
  std::string_view rest = digits;
  if (international) {
    if (digits.starts_with("00")) out = "00";
    rest.remove_prefix(out.size());
    const std::string code(country_code(rest));
    out += code;
    rest.remove_prefix(code.size());
    if (code == "1" && rest.size() == 10) return with_digits(value, out + north_american(draw));
    // "+44 (0)20": the zero stays.
    if (rest.starts_with('0')) out += '0';
    if (rest.starts_with('0')) rest.remove_prefix(1);
    return with_digits(value, out + national(code, rest, draw));
  }
  if (digits.size() == 11 && digits.starts_with('1'))
    return with_digits(value, "1" + north_american(draw));
  if (!digits.starts_with('0')) {
    // Ten digits and perhaps an extension.
    if (digits.size() < 10) return with_digits(value, unassigned(digits.size(), draw));
    std::string number = north_american(draw);
    while (number.size() < digits.size()) number += draw.digit();
    return with_digits(value, number);
  }
  rest.remove_prefix(1);
  const std::string_view code =
      digits.size() == 11 && (rest.starts_with("7") || rest.starts_with("20")) ? "44"
      : digits.size() == 10 && rest.size() == 9                                ? "33"
                                                                               : "49";
  return with_digits(value, "0" + national(code, rest, draw));
}

}  // namespace croft::privacy

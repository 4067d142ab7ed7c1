#include <algorithm>

#include "router/privacy/characters.h"
#include "router/privacy/check_digits.h"
#include "router/privacy/codes.h"

namespace croft::privacy {
namespace {

int digit(std::string_view code, std::size_t at) {
  return code[at] - '0';
}
int two(std::string_view code, std::size_t at) {
  return 10 * digit(code, at) + digit(code, at + 1);
}
bool one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

}  // namespace

bool is_like(std::string_view code, std::string_view pattern) {
  if (code.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const bool is_digit = is(code[i], kDigit);
    if (pattern[i] == 'A' ? is_digit : pattern[i] == '9' && !is_digit) return false;
  }
  return true;
}

// HM Revenue and Customs, NIM39110: letters that are not used, and prefixes that are not given.
bool uk_nino_valid(std::string_view code) {
  if (!is_like(code, "AA999999A") || code[8] > 'D') return false;
  const std::string_view prefix = code.substr(0, 2);
  if (one_of(code[0], "DFIQUV") || one_of(code[1], "DFIOQUV")) return false;
  return prefix != "BG" && prefix != "GB" && prefix != "KN" && prefix != "NK" && prefix != "NT" &&
         prefix != "TN" && prefix != "ZZ";
}

bool es_nif_valid(std::string_view code) {
  int number = 0;
  if (is_like(code, "A9999999A")) {
    if (!one_of(code[0], "XYZ")) return false;
    number = code[0] - 'X';
  } else if (is_like(code, "99999999A")) {
    number = digit(code, 0);
  } else {
    return false;
  }
  for (std::size_t i = 1; i < 8; ++i) number = 10 * number + digit(code, i);
  return std::string_view("TRWAGMYFPDXBNJZSQVHLCKE")[static_cast<std::size_t>(number % 23)] ==
         code[8];
}

// Ministero delle Finanze, decree of 23 December 1976. Letters may stand for digits where two
// people would have the same code.
bool it_fiscal_code_valid(std::string_view code) {
  if (code.size() != 16) return false;
  constexpr std::string_view kForDigits = "LMNPQRSTUV";
  const auto value = [&](std::size_t at) {
    if (is(code[at], kDigit)) return digit(code, at);
    const std::size_t place = kForDigits.find(code[at]);
    return place == std::string_view::npos ? -1 : static_cast<int>(place);
  };
  for (std::size_t i = 0; i < 16; ++i) {
    const bool is_letter = i < 6 || i == 8 || i == 11 || i == 15;
    if (is_letter ? is(code[i], kDigit) : value(i) < 0) return false;
  }
  const int day = 10 * value(9) + value(10);
  if (!one_of(code[8], "ABCDEHLMPRST") || day < 1 || day > 71 || (day > 31 && day < 41))
    return false;
  constexpr int kOdd[] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                          20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  int sum = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const int place = is(code[i], kDigit) ? digit(code, i) : code[i] - 'A';
    sum += i % 2 == 0 ? kOdd[place] : place;
  }
  return sum % 26 == code[15] - 'A';
}

// Deutsche Rentenversicherung: area, date of birth, first letter of the name, serial, check digit.
bool de_social_security_valid(std::string_view code) {
  if (!is_like(code, "99999999A999")) return false;
  const int day = two(code, 2);
  if (!is_day(day > 50 ? day - 50 : day, two(code, 4)) || two(code, 0) < 2) return false;
  const int letter = code[8] - 'A' + 1;
  const int digits[] = {digit(code, 0), digit(code, 1), digit(code, 2), digit(code, 3),
                        digit(code, 4), digit(code, 5), digit(code, 6), digit(code, 7),
                        letter / 10,    letter % 10,    digit(code, 9), digit(code, 10)};
  constexpr int kWeights[] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
  int sum = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    const int product = digits[i] * kWeights[i];
    sum += product / 10 + product % 10;
  }
  return sum % 10 == digit(code, 11);
}

// Digital and Population Data Services Agency.
bool fi_identity_valid(std::string_view code) {
  if (code.size() != 11 || !one_of(code[6], "+-ABCDEFUVWXY")) return false;
  for (std::size_t i = 0; i < 10; ++i)
    if (i != 6 && !is(code[i], kDigit)) return false;
  const int serial = 100 * digit(code, 7) + two(code, 8);
  const int number = (100 * (100 * two(code, 0) + two(code, 2)) + two(code, 4)) * 1000 + serial;
  return is_day(two(code, 0), two(code, 2)) && serial >= 2 &&
         std::string_view(
             "0123456789ABCDEFHJKLMNPRSTUVWXY")[static_cast<std::size_t>(number % 31)] == code[10];
}

bool sg_nric_valid(std::string_view code) {
  if (!is_like(code, "A9999999A") || !one_of(code[0], "STFGM")) return false;
  constexpr int kWeights[] = {2, 7, 6, 5, 4, 3, 2};
  int sum = code[0] == 'T' || code[0] == 'G' ? 4 : code[0] == 'M' ? 3 : 0;
  for (std::size_t i = 0; i < 7; ++i) sum += kWeights[i] * digit(code, i + 1);
  const auto place = static_cast<std::size_t>(sum % 11);
  if (code[0] == 'M') return std::string_view("KLJNPQRTUWX")[10 - place] == code[8];
  const std::string_view letters = one_of(code[0], "ST") ? "JZIHGFEDCBA" : "XWUTRQPNMLK";
  return letters[place] == code[8];
}

// Income Tax Department: the fourth letter is the kind of holder.
bool in_pan_valid(std::string_view code) {
  return is_like(code, "AAAAA9999A") && one_of(code[3], "ABCFGHJLPT");
}

// Registro Nacional de Población.
bool mx_curp_valid(std::string_view code) {
  if (!is_like(code, "AAAA999999AAAAAAX9") || !one_of(code[10], "HMX")) return false;
  if (!is_day(two(code, 8), two(code, 6))) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    // The alphabet has an Ñ between N and O.
    const int value =
        is(code[i], kDigit) ? digit(code, i) : code[i] - 'A' + 10 + (code[i] > 'N' ? 1 : 0);
    sum += value * static_cast<int>(18 - i);
  }
  return (10 - sum % 10) % 10 == digit(code, 17);
}

// Drug Enforcement Administration: kind of registrant, a letter of the name, seven digits.
bool dea_valid(std::string_view code) {
  if (!is_like(code, "AX9999999") || !one_of(code[0], "ABCDEFGHJKLMPRSTUX")) return false;
  if (is(code[1], kDigit) && code[1] != '9') return false;
  const int sum = digit(code, 2) + digit(code, 4) + digit(code, 6) +
                  2 * (digit(code, 3) + digit(code, 5) + digit(code, 7));
  return sum % 10 == digit(code, 8);
}

bool cn_id_valid(std::string_view code) {
  if (!is_like(code, "99999999999999999A") || code[17] != 'X') return false;
  constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 10;
  for (std::size_t i = 0; i < 17; ++i) sum += kWeights[i] * digit(code, i);
  return sum % 11 == 1 && two(code, 0) >= 11 && (two(code, 6) == 19 || two(code, 6) == 20) &&
         is_day(two(code, 12), two(code, 10));
}

// INSEE: the department is 2A or 2B, counted as 19 and 18.
bool fr_corsican_valid(std::string_view code) {
  if (!is_like(code, "999999A99999999") || code[5] != '2' || (code[6] != 'A' && code[6] != 'B'))
    return false;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 13; ++i) {
    const int value = i == 5 ? 1 : i == 6 ? (code[6] == 'A' ? 9 : 8) : digit(code, i);
    number = 10 * number + static_cast<std::uint64_t>(value);
  }
  return code[0] != '0' && 97 - number % 97 == static_cast<std::uint64_t>(two(code, 13));
}

std::size_t iban_length(char first, char second) {
  struct Country {
    std::string_view code;
    std::uint8_t length;
  };
  constexpr Country kCountries[] = {
      {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16},
      {"BG", 22}, {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22},
      {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20},
      {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22},
      {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21},
      {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30},
      {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
      {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
      {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
      {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22},
      {"RU", 33}, {"SA", 24}, {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24},
      {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26},
      {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30}};
  static_assert(std::ranges::is_sorted(kCountries, {}, &Country::code));
  const char wanted[] = {first, second};
  const auto found =
      std::ranges::lower_bound(kCountries, std::string_view(wanted, 2), {}, &Country::code);
  return found != std::end(kCountries) && found->code == std::string_view(wanted, 2) ? found->length
                                                                                     : 0;
}

}  // namespace croft::privacy

#include "router/privacy/pseudonyms/surrogate_numbers.h"

#include <algorithm>
#include <array>

#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

std::string random_digits(std::size_t count, Draw& draw) {
  std::string out;
  while (out.size() < count) out += draw.digit();
  return out;
}

/// The last digit that makes the rest valid (ISO/IEC 7812-1).
char luhn_digit(std::string_view digits) {
  int sum = 0;
  bool doubled = true;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, doubled = !doubled) {
    const int digit = *at - '0';
    sum += !doubled ? digit : digit < 5 ? 2 * digit : 2 * digit - 9;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

/// The beginnings of the test cards that payment services publish.
std::string_view test_range(std::string_view digits) {
  if (digits.starts_with("34") || digits.starts_with("37")) return "378282";
  if (digits.starts_with("36") || digits.starts_with("30") || digits.starts_with("38"))
    return "305693";
  if (digits.starts_with("35")) return "353011";
  if (digits.starts_with('5') || digits.starts_with('2')) return "555555";
  if (digits.starts_with('6')) return "601111";
  return "400000";
}

std::optional<std::string> card(std::string_view value, Draw& draw) {
  const std::string digits = digits_of(value);
  if (digits.size() < 12) return std::nullopt;
  std::string out(test_range(digits));
  out += random_digits(digits.size() - out.size() - 1, draw);
  out += luhn_digit(out);
  return with_digits(value, out);
}

/// Letters and digits of an account without spaces; the rest of 97 (ISO 7064).
int mod_97(std::string_view account) {
  int rest = 0;
  for (const char c : account) {
    const int part = is(c, kDigit) ? c - '0' : upper(c) - 'A' + 10;
    rest = (rest * (part > 9 ? 100 : 10) + part) % 97;
  }
  return rest;
}

std::optional<std::string> iban(std::string_view value, Draw& draw) {
  std::string plain;
  for (const char c : value) {
    if (is(c, kHigh)) return std::nullopt;
    if (is(c, kWord)) plain += c;
  }
  if (plain.size() < 15) return std::nullopt;
  std::string account;
  for (std::size_t i = 4; i < plain.size(); ++i) {
    const bool bank = i < 8;
    if (is(plain[i], kDigit))
      account += bank ? '0' : draw.digit();
    else
      account += bank ? 'X' : static_cast<char>('A' + draw.below(26));
  }
  const std::string country = plain.substr(0, 2);
  const int check = 98 - mod_97(account + country + "00");
  const std::string all =
      country + static_cast<char>('0' + check / 10) + static_cast<char>('0' + check % 10) + account;
  std::string out;
  std::size_t at = 0;
  for (const char c : value) {
    if (!is(c, kWord)) {
      out += c;
    } else {
      const char next = all[at++];
      out += is(c, kLower) ? lower(next) : next;
    }
  }
  return out;
}

std::optional<std::string> social_security(std::string_view value, Draw& draw, bool taxpayer) {
  // Areas from 900 on are never given out; groups 01 to 49 are no taxpayer's either, and 93 is
  // nobody's.
  std::string digits = "9" + random_digits(2, draw);
  digits += taxpayer ? std::string("93")
                     : std::string{static_cast<char>('0' + draw.below(5)),
                                   static_cast<char>('1' + draw.below(9))};
  digits += random_digits(4, draw);
  return with_digits(value, digits);
}

std::optional<std::string> nhs(std::string_view value, Draw& draw) {
  while (true) {
    std::string digits = "999" + random_digits(6, draw);
    int sum = 0;
    for (std::size_t i = 0; i < 9; ++i) sum += (10 - static_cast<int>(i)) * (digits[i] - '0');
    const int check = (11 - sum % 11) % 11;
    if (check == 10) continue;
    return with_digits(value, digits + static_cast<char>('0' + check));
  }
}

/// Letters become letters, digits digits; the first digits become zeros, with which no register
/// begins. A value that is only a number stays one.
std::optional<std::string> code(std::string_view value, Draw& draw,
                                std::string_view letters_first) {
  const auto digits =
      static_cast<std::size_t>(std::ranges::count_if(value, [](char c) { return is(c, kDigit); }));
  if (digits < 3) return std::nullopt;
  const std::size_t zeros = digits >= 5 ? 2 : 1;
  std::string out;
  std::size_t digit = 0;
  std::size_t letter = 0;
  for (const char c : value) {
    if (is(c, kHigh)) return std::nullopt;
    if (is(c, kDigit)) {
      out += digit++ < zeros && letters_first.empty() ? '0' : draw.digit();
    } else if (is(c, kLetter)) {
      const char fresh = letter < letters_first.size() ? letters_first[letter]
                                                       : static_cast<char>('A' + draw.below(26));
      ++letter;
      out += is(c, kLower) ? lower(fresh) : fresh;
    } else {
      out += c;
    }
  }
  return out;
}

/// The beginning says which currency; the rest has its alphabet and no valid checksum.
std::optional<std::string> crypto(std::string_view value, Draw& draw) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  constexpr std::string_view kLowers = "acdefghjkmnpqrstuvwxyz";
  constexpr std::string_view kUppers = "ABCDEFGHJKLMNPQRSTUVWXYZ";
  constexpr std::string_view kDigits = "23456789";
  const bool is_hex = value.starts_with("0x") || value.starts_with("0X");
  const std::size_t kept = value.starts_with("bc1") ? 4 : is_hex ? 2 : 1;
  if (value.size() < kept + 8) return std::nullopt;
  std::string out(value.substr(0, kept));
  for (const char c : value.substr(kept)) {
    if (is_hex)
      out += kHexDigits[draw.below(kHexDigits.size())];
    else if (is(c, kDigit))
      out += kDigits[draw.below(kDigits.size())];
    else
      out +=
          is(c, kLower) ? kLowers[draw.below(kLowers.size())] : kUppers[draw.below(kUppers.size())];
  }
  return out;
}

}  // namespace

std::string digits_of(std::string_view value) {
  std::string out;
  for (const char c : value)
    if (is(c, kDigit)) out += c;
  return out;
}

std::optional<std::string> with_digits(std::string_view value, std::string_view digits) {
  std::string out;
  std::size_t at = 0;
  for (const char c : value) {
    if (!is(c, kDigit)) {
      out += c;
    } else {
      if (at == digits.size()) return std::nullopt;
      out += digits[at++];
    }
  }
  if (at != digits.size()) return std::nullopt;
  return out;
}

std::optional<std::string> surrogate_number(SurrogateKind kind, std::string_view value,
                                            Draw& draw) {
  // Digits of other scripts would stay as they are.
  if (std::ranges::any_of(value, [](char c) { return is(c, kHigh); })) return std::nullopt;
  switch (kind) {
    case SurrogateKind::Phone:
      return surrogate_phone(value, draw);
    case SurrogateKind::Card:
      return card(value, draw);
    case SurrogateKind::Iban:
      return iban(value, draw);
    case SurrogateKind::UsSsn:
      return social_security(value, draw, false);
    case SurrogateKind::UsItin:
      return social_security(value, draw, true);
    case SurrogateKind::UkNhs:
      return nhs(value, draw);
    case SurrogateKind::UkNino:
      return code(value, draw, "QQ");
    case SurrogateKind::Code:
      return code(value, draw, {});
    case SurrogateKind::Crypto:
      return crypto(value, draw);
    default:
      return std::nullopt;
  }
}

}  // namespace croft::privacy

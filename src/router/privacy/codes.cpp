#include "router/privacy/codes.h"

#include <algorithm>

#include "router/privacy/check_digits.h"
#include "router/privacy/context.h"
#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

using enum EntityType;

constexpr std::uint8_t kAscii = kDigit | kUpper | kLower;

struct CodeFormat {
  EntityType type;
  std::uint8_t size;
  bool (*valid)(std::string_view);
  float alone;  ///< 0: only with a word of `context` nearby
  float told;
  std::uint64_t context;
  bool upper_only;  ///< written small it is a word or a hash, unless told
};

constexpr CodeFormat kFormats[] = {
    {EsNif, 9, es_nif_valid, kCertain, kCertain, kIdentity, false},
    {UkNino, 9, uk_nino_valid, kShaped, kCertain, kUk | kInsurance, true},
    {SgNricFin, 9, sg_nric_valid, kCertain, kCertain, kIdentity, true},
    {MedicalLicense, 9, dea_valid, 0.0f, kCertain, kMedical, false},
    {InPan, 10, in_pan_valid, kShaped, kCertain, kIndia | kTax, true},
    {FiPersonalIdentityCode, 11, fi_identity_valid, kCertain, kCertain, kNordic, false},
    {DeSocialSecurity, 12, de_social_security_valid, kShaped, kCertain, kGermany | kInsurance,
     false},
    {FrNir, 15, fr_corsican_valid, kCertain, kCertain, kFrance, false},
    {ItFiscalCode, 16, it_fiscal_code_valid, kCertain, kCertain, kItaly, false},
    {MxCurp, 18, mx_curp_valid, kCertain, kCertain, kIdentity, false},
    {CnResidentId, 18, cn_id_valid, kCertain, kCertain, kIdentity, false},
};

std::size_t end_of(const CompactCode& code, std::size_t count) {
  return code.place[count - 1] + 1;
}

void read_formats(Scan& scan, const CompactCode& code) {
  const std::size_t start = code.place[0];
  for (const CodeFormat& format : kFormats) {
    if (!code.ends_at(format.size) || !format.valid(code.first(format.size))) continue;
    const std::size_t end = end_of(code, format.size);
    const bool told = (context_near(scan.text, start, end) & format.context) != 0;
    bool has_lower = false;
    for (std::size_t i = 0; i < format.size; ++i) has_lower = has_lower || code.was_lower[i];
    const float score = told ? format.told : format.alone;
    if (score == 0.0f || (!told && format.upper_only && has_lower)) continue;
    const EntityType type =
        format.type == EsNif && !is(code.upper[0], kDigit) ? EsNie : format.type;
    scan.add(type, start, end, score);
  }
}

/// An account number, from its country code on.
void read_iban(Scan& scan, const CompactCode& code, std::size_t skip) {
  if (code.size < skip + 5) return;
  const std::size_t length = iban_length(code.upper[skip], code.upper[skip + 1]);
  if (length == 0 || skip + length > code.size || !code.ends_at(skip + length)) return;
  const std::string_view account = code.first(skip + length).substr(skip);
  // "is 10 years old then in his first": words pass the check once in a hundred.
  constexpr auto kIbanDigitsMin = 8;
  if (std::ranges::count_if(account, [](char c) { return is(c, kDigit); }) < kIbanDigitsMin) return;
  if (is(account[2], kDigit) && is(account[3], kDigit) && mod_97_valid(account))
    scan.add(IbanCode, code.place[skip], end_of(code, skip + length), kCertain);
}

/// IT12345678901: a partita IVA as it stands on invoices.
void read_it_vat(Scan& scan, const CompactCode& code) {
  if (!code.ends_at(13) || !is_like(code.first(13), "AA99999999999") || code.upper[0] != 'I' ||
      code.upper[1] != 'T')
    return;
  std::array<std::uint8_t, 11> digits{};
  for (std::size_t i = 0; i < 11; ++i)
    digits[i] = static_cast<std::uint8_t>(code.upper[i + 2] - '0');
  if (luhn_valid(digits)) scan.add(ItVatCode, code.place[0], end_of(code, 13), kCertain);
}

/// Passports and driving licences have a hundred forms: a word nearby must say so.
void read_paper(Scan& scan, const CompactCode& code, const Word& word) {
  const std::size_t size = code.first_word_size;
  if (size < 6 || size > 16 || size != word.size()) return;
  if (scan.before(word.start) == '\\') return;  // an escape: driver\u2019s
  const auto digits = std::ranges::count_if(code.first(size), [](char c) { return is(c, kDigit); });
  if (digits < 4) return;
  const std::uint64_t context = context_near(scan.text, word.start, word.end, {48, 16});
  if ((context & kPassport) != 0 && size <= 9) {
    const bool is_american = is_like(code.first(size), "A99999999");
    scan.add(is_american ? UsPassport : Passport, word.start, word.end, kTold);
  }
  if ((context & kDriver) != 0) scan.add(UsDriverLicense, word.start, word.end, kTold);
}

/// "131052-308T", "12345678-Z": digits come first, and the dash is part of the form.
void read_tail(Scan& scan, const Word& word) {
  const bool is_finnish = word.size() == 4;
  const std::size_t digits = is_finnish ? 6 : 8;
  if ((!is_finnish && word.size() != 1) || word.start < digits + 1) return;
  const char dash = scan.text[word.start - 1];
  if (dash != '-' && !(is_finnish && dash == '+')) return;
  const std::size_t start = word.start - digits - 1;
  if (is(scan.before(start), kWord)) return;
  std::array<char, 11> code{};
  std::size_t size = 0;
  for (std::size_t i = start; i < word.end; ++i)
    if (is_finnish || i != word.start - 1) code[size++] = upper(scan.text[i]);
  const std::string_view text(code.data(), size);
  if (is_finnish ? fi_identity_valid(text) : es_nif_valid(text))
    scan.add(is_finnish ? FiPersonalIdentityCode : EsNif, start, word.end, kCertain);
}

/// Whether a code may begin at this word, which holds no digit itself: "DE 89 3704", "AB 12 34 56
/// C", "X-1234567-L", "RSS MRA 80A01 H501U".
bool may_begin_code(const Scan& scan, const Word& word) {
  const char gap = scan.at(word.end);
  if (gap != ' ' && gap != '-') return false;
  if (word.size() <= 2) return is(scan.at(word.end + 1), kDigit);
  return word.size() == 3 && is(scan.at(word.end + 3), kUpper) && scan.at(word.end + 4) == gap &&
         is(scan.at(word.end + 5), kDigit);
}

/// "card4111111111111111": digits behind a word, which the scanner of numbers does not see.
void read_glued_number(Scan& scan, const Word& word) {
  std::size_t digits = word.end;
  while (digits > word.start && is(scan.text[digits - 1], kDigit)) --digits;
  const std::size_t letters = digits - word.start;
  if (letters < 2 || letters > 12 || word.end - digits < 12) return;
  for (std::size_t i = word.start; i < digits; ++i)
    if (!is(scan.text[i], kLetter)) return;
  read_numbers(scan, digits);
}

}  // namespace

CompactCode compact_code(std::string_view text, std::size_t start) {
  CompactCode code;
  for (std::size_t at = start; code.size < kCodeMax && at < text.size(); ++at) {
    const char c = text[at];
    if (!is(c, kAscii)) {
      const bool joins =
          (c == ' ' || c == '-' || c == '.') && at + 1 < text.size() && is(text[at + 1], kAscii);
      if (!joins) break;
      continue;
    }
    code.upper[code.size] = upper(c);
    code.place[code.size] = at;
    code.was_lower[code.size] = is(c, kLower);
    const bool ends = at + 1 == text.size() || !is(text[at + 1], kWord);
    code.ends_word[code.size] = ends;
    ++code.size;
    if (ends && code.first_word_size == 0) code.first_word_size = code.size;
  }
  return code;
}

void read_code(Scan& scan, const Word& word) {
  if ((word.classes & kHigh) != 0) return;
  read_tail(scan, word);
  const bool is_mixed = (word.classes & kDigit) != 0;
  if (is_mixed ? word.size() > kCodeMax + 4 : !may_begin_code(scan, word)) return;
  const CompactCode code = compact_code(scan.text, word.start);
  const bool says_iban = code.size > 4 && code.first(4) == "IBAN";
  read_iban(scan, code, says_iban ? 4 : 0);
  read_formats(scan, code);
  if (!is_mixed) return;
  read_it_vat(scan, code);
  read_paper(scan, code, word);
  if (!is(scan.text[word.start], kDigit)) read_glued_number(scan, word);
}

}  // namespace croft::privacy

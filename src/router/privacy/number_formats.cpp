#include "router/privacy/number_formats.h"

#include <algorithm>
#include <array>

#include "router/privacy/context.h"
#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

int two(Digits d, std::size_t at) {
  return 10 * d[at] + d[at + 1];
}
int three(Digits d, std::size_t at) {
  return 10 * two(d, at) + d[at + 2];
}
/// yymmdd at `at`.
bool ymd(Digits d, std::size_t at) {
  return is_day(two(d, at + 4), two(d, at + 2));
}
/// ddmmyy at `at`.
bool dmy(Digits d, std::size_t at) {
  return is_day(two(d, at), two(d, at + 2));
}
/// Remainder of a weighted sum, without the digits that have no weight.
int rest(Digits d, std::string_view weights, int modulus) {
  return weighted_sum(d, weights) % modulus;
}

// North America.
bool us_ssn(Digits d) {  // Social Security Administration, POMS RM 10201.035
  const int area = three(d, 0);
  return area != 0 && area != 666 && area < 900 && two(d, 3) != 0 && number_of(d.subspan(5)) != 0;
}
bool us_itin(Digits d) {  // Internal Revenue Service, Publication 4757
  const int group = two(d, 3);
  return d[0] == 9 && ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
                       (group >= 90 && group != 93));
}
bool aba(Digits d) {
  const int bank = two(d, 0);
  const bool is_bank =
      bank <= 12 || (bank >= 21 && bank <= 32) || (bank >= 61 && bank <= 72) || bank == 80;
  return is_bank && number_of(d) != 0 && rest(d, "371371371", 10) == 0;
}
bool us_npi(Digits d) {  // Luhn, as if the prefix 80840 stood in front: it adds 24
  std::array<std::uint8_t, 15> whole = {8, 0, 8, 4, 0};
  std::ranges::copy(d, whole.begin() + 5);
  return (d[0] == 1 || d[0] == 2) && luhn_valid(whole);
}
bool any(Digits) {
  return true;
}
bool ca_sin(Digits d) {
  return d[0] != 8 && number_of(d) != 0 && luhn_valid(d);
}

// Europe.
bool uk_nhs(Digits d) {
  const int check = (11 - rest(d, "a98765432", 11)) % 11;
  return check == d[9] && !all_equal(d);
}
bool de_tax(Digits d) {  // Bundeszentralamt: one of the first ten digits two or three times
  std::array<int, 10> times{};
  for (const std::uint8_t digit : d.first(10)) ++times[digit];
  const auto often = std::ranges::count_if(times, [](int n) { return n > 1; });
  return d[0] != 0 && often == 1 && std::ranges::max(times) <= 3 && mod_11_10_valid(d);
}
bool at_svnr(Digits d) {
  std::array<std::uint8_t, 9> others = {d[0], d[1], d[2], d[4], d[5], d[6], d[7], d[8], d[9]};
  return d[0] != 0 && dmy(d, 4) && rest(others, "379584216", 11) == d[3];
}
bool ch_ahv(Digits d) {  // EAN-13 of the country code 756
  return three(d, 0) == 756 && rest(d, "1313131313131", 10) == 0;
}
bool fr_nir(Digits d) {
  const int month = two(d, 3);
  const bool is_month = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
  return (d[0] == 1 || d[0] == 2) && is_month &&
         97 - number_of(d.first(13)) % 97 == number_of(d.subspan(13));
}
bool be_national(Digits d) {
  const auto check = number_of(d.subspan(9));
  const auto base = number_of(d.first(9));
  return two(d, 2) <= 12 && two(d, 4) <= 31 && check != 0 &&
         (97 - base % 97 == check || 97 - (2'000'000'000 + base) % 97 == check);
}
bool nl_bsn(Digits d) {
  return number_of(d) > 9'999'999 && !all_equal(d) &&
         (weighted_sum(d, "98765432") - d[8] + 11) % 11 == 0;
}
bool pt_nif(Digits d) {
  const int left = rest(d, "98765432", 11);
  return (d[0] != 0 && d[0] != 4 && d[0] != 7) && d[8] == (left < 2 ? 0 : 11 - left);
}
bool it_vat(Digits d) {
  return number_of(d.first(7)) != 0 && luhn_valid(d);
}
bool pl_pesel(Digits d) {
  return is_day(two(d, 4), two(d, 2) % 20) && rest(d, "13791379131", 10) == 0;
}
bool cz_birth(Digits d) {
  const int month = two(d, 2) % 50;
  return is_day(two(d, 4), month > 20 ? month - 20 : month) && number_of(d) % 11 == 0;
}
bool ro_cnp(Digits d) {
  const int left = rest(d, "279146358279", 11);
  return d[0] >= 1 && ymd(d, 1) && d[12] == (left == 10 ? 1 : left);
}
bool se_ten(Digits d) {
  const int day = two(d, 4);
  return is_day(day > 60 ? day - 60 : day, two(d, 2)) && luhn_valid(d);
}
bool se_twelve(Digits d) {
  const int century = two(d, 0);
  return (century == 19 || century == 20) && se_ten(d.subspan(2));
}
bool no_number(Digits d) {
  const int day = two(d, 0) > 40 ? two(d, 0) - 40 : two(d, 0);
  return is_day(day, two(d, 2) % 40) && rest(d, "3761894521", 11) == 0 &&
         rest(d, "54327654321", 11) == 0;
}
bool dk_cpr(Digits d) {
  return dmy(d, 0) && number_of(d.subspan(6)) != 0;
}
bool tr_id(Digits d) {
  const int odd = d[0] + d[2] + d[4] + d[6] + d[8];
  const int even = d[1] + d[3] + d[5] + d[7];
  const int sum = odd + even + d[9];
  return d[0] != 0 && (7 * odd - even + 100) % 10 == d[9] && sum % 10 == d[10];
}

// Elsewhere.
bool za_id(Digits d) {
  return ymd(d, 0) && d[10] <= 2 && luhn_valid(d);
}
bool aadhaar(Digits d) {
  return d[0] >= 2 && verhoeff_valid(d);
}
bool th_id(Digits d) {
  return d[0] != 0 && (11 - rest(d, "dcba98765432", 11)) % 10 == d[12];
}
bool cn_id(Digits d) {
  // 2^(17-i) modulo 11, ISO 7064 MOD 11-2; a check value of 10 is written X (codes.cpp).
  const bool is_date = is_day(two(d, 12), two(d, 10)) && (two(d, 6) == 19 || two(d, 6) == 20);
  return two(d, 0) >= 11 && is_date && rest(d, "79a584216379a58421", 11) == 1;
}
bool kr_date(Digits d) {
  return ymd(d, 0) && d[6] >= 1 && d[6] <= 8;
}
bool kr_rrn(Digits d) {  // check digits were given until October 2020
  return kr_date(d) && (11 - rest(d, "234567892345", 11)) % 10 == d[12];
}
bool au_tfn(Digits d) {
  return rest(d, "14375869a", 11) == 0 && number_of(d) != 0;
}
bool au_tfn_old(Digits d) {
  return rest(d, "a7846351", 11) == 0 && number_of(d) != 0;
}
bool au_acn(Digits d) {
  return (10 - rest(d, "87654321", 10)) % 10 == d[8] && number_of(d) != 0;
}
bool au_abn(Digits d) {  // weights 10, 1, 3 ... 19; one is taken off the first digit
  int sum = 10 * (d[0] - 1);
  for (std::size_t i = 1; i < d.size(); ++i) sum += d[i] * static_cast<int>(2 * i - 1);
  return d[0] != 0 && sum % 89 == 0;
}
bool au_medicare(Digits d) {
  return d[0] >= 2 && d[0] <= 6 && rest(d, "13791379", 10) == d[8] && d[9] != 0;
}
bool br_cpf(Digits d) {
  const int first = 10 * rest(d, "a98765432", 11) % 11 % 10;
  const int second = 10 * rest(d, "ba98765432", 11) % 11 % 10;
  return !all_equal(d) && first == d[9] && second == d[10];
}
int br_check(Digits d, std::string_view weights) {
  const int left = rest(d, weights, 11);
  return left < 2 ? 0 : 11 - left;
}
bool br_cnpj(Digits d) {
  return !all_equal(d) && br_check(d, "543298765432") == d[12] &&
         br_check(d, "6543298765432") == d[13];
}

using enum EntityType;
constexpr float kLikely = 0.6f;
constexpr float kNever = 0.0f;

// Ordered by length. A number that chance makes valid more than once in a hundred needs a word.
constexpr NumberFormat kFormats[] = {
    {UsDriverLicense, 6, "", kNever, "6", kTold, kDriver, any},
    {UsDriverLicense, 7, "", kNever, "7", kTold, kDriver, any},
    {UsDriverLicense, 8, "", kNever, "8", kTold, kDriver, any},
    {AuTfn, 8, "", kNever, "8|2 3 3|3 3 2", kTold, kAustralia, au_tfn_old},
    {UsSsn, 9, "3-2-4", kShaped, "9|3 2 4|3.2.4|3_2_4|3/2/4", kTold, kSsn, us_ssn},
    {UsItin, 9, "3-2-4", kShaped, "9|3 2 4|3.2.4", kTold, kItin | kSsn, us_itin},
    {AbaRoutingNumber, 9, "", kNever, "9|4-4-1|4 4 1", kCertain, kRouting, aba},
    {AbaRoutingNumber, 9, "", kNever, "9|4-4-1", kTold, kBankAccount, aba},
    {UsPassport, 9, "", kNever, "9", kTold, kPassport, any},
    {UsDriverLicense, 9, "", kNever, "9|3-3-3|3 3 3", kTold, kDriver, any},
    {CaSin, 9, "", kNever, "9|3 3 3|3-3-3", kCertain, kCanada, ca_sin},
    {NlBsn, 9, "", kNever, "9|4.2.3|3.3.3|3 3 3|4 2 3", kCertain, kDutch, nl_bsn},
    {PtNif, 9, "", kNever, "9|3 3 3", kCertain, kPortugal, pt_nif},
    {AuTfn, 9, "", kNever, "9|3 3 3|3-3-3", kCertain, kAustralia | kTax, au_tfn},
    {AuAcn, 9, "", kNever, "9|3 3 3", kTold, kCompany, au_acn},
    {UsNpi, 10, "", kNever, "a", kCertain, kNpi, us_npi},
    {UsDriverLicense, 10, "", kNever, "a|4-2-4", kTold, kDriver, any},
    {UkNhs, 10, "3 3 4", kLikely, "a|3-3-4", kCertain, kHealth, uk_nhs},
    {AtSvnr, 10, "4 6", kShaped, "a|4-6", kCertain, kAustria | kSocial | kInsurance, at_svnr},
    {CzBirthNumber, 10, "6/4", kCertain, "a", kCertain, kCzech, cz_birth},
    {SePersonnummer, 10, "6-4", kShaped, "a|6 4", kCertain, kNordic | kIdentity, se_ten},
    {DkCpr, 10, "", kNever, "6-4|a|6 4", kTold, kNordic, dk_cpr},
    {AuMedicare, 10, "4 5 1|4-5-1", kShaped, "a", kCertain, kHealth | kAustralia, au_medicare},
    {AuMedicare, 11, "4 5 1/1|4 5 1 1|4-5-1-1|4-5-1/1", kShaped, "b", kCertain,
     kHealth | kAustralia, au_medicare},
    {DeTaxId, 11, "2 3 3 3", kShaped, "b|2-3-3-3|2 3 6|2/3/3/3", kCertain, kTax | kGermany, de_tax},
    {BeNationalNumber, 11, "2.2.2-3.2|b|2 2 2 3 2|2.2.2.3.2|2-2-2-3-2|6-3-2|6 3 2", kCertain, "",
     kCertain, kBelgium, be_national},
    {PlPesel, 11, "b", kLikely, "6 5|6-5", kCertain, kPoland | kIdentity, pl_pesel},
    {NoFodselsnummer, 11, "b|6 5", kCertain, "6-5", kCertain, kNordic, no_number},
    {TrNationalId, 11, "", kNever, "b|3 3 3 2", kCertain, kTurkey | kIdentity, tr_id},
    {ItVatCode, 11, "", kNever, "b", kCertain, kItaly | kTax, it_vat},
    {AuAbn, 11, "2 3 3 3", kCertain, "b|2-3-3-3|2.3.3.3", kCertain, kAustralia | kCompany, au_abn},
    {BrCpf, 11, "3.3.3-2|3.3.3/2", kCertain, "b|9-2|3 3 3 2|3-3-3-2", kCertain, kBrazil | kIdentity,
     br_cpf},
    {SePersonnummer, 12, "8-4|c", kShaped, "8 4", kCertain, kNordic | kIdentity, se_twelve},
    {InAadhaar, 12, "4 4 4|4-4-4", kShaped, "c", kCertain, kIndia | kIdentity, aadhaar},
    {ChAhv, 13, "3.4.4.2|d|3 4 4 2|3-4-4-2", kCertain, "", kCertain, kIdentity, ch_ahv},
    {RoCnp, 13, "d", kShaped, "", kCertain, kRomania | kIdentity, ro_cnp},
    {ZaId, 13, "d|6 4 3|6 4 2 1", kShaped, "", kCertain, kSouthAfrica | kIdentity, za_id},
    {ThTnin, 13, "1-4-5-2-1|1 4 5 2 1", kShaped, "d", kCertain, kThai | kIdentity, th_id},
    {KrRrn, 13, "6-7", kShaped, "", kTold, kKorea | kIdentity, kr_date},
    {KrRrn, 13, "", kNever, "d|6 7", kCertain, kKorea | kIdentity, kr_rrn},
    {BrCnpj, 14, "2.3.3/4-2", kCertain, "e|2.3.3-4-2|2 3 3 4 2", kCertain, kBrazil | kCompany,
     br_cnpj},
    {FrNir, 15, "f|1 2 2 2 3 3 2|d 2|1-2-2-2-3-3-2|1.2.2.2.3.3.2", kCertain, "", kCertain, kFrance,
     fr_nir},
    {CnResidentId, 18, "i|6 8 4", kCertain, "", kCertain, kIdentity, cn_id},
};

constexpr std::size_t kDigitsMax = 20;

consteval std::array<std::uint8_t, kDigitsMax + 2> first_of_length() {
  std::array<std::uint8_t, kDigitsMax + 2> first{};
  std::size_t at = 0;
  for (std::size_t length = 0; length < first.size(); ++length) {
    while (at < std::size(kFormats) && kFormats[at].digits < length) ++at;
    first[length] = static_cast<std::uint8_t>(at);
  }
  return first;
}
constexpr auto kFirst = first_of_length();
static_assert(std::ranges::is_sorted(kFormats, {}, &NumberFormat::digits));

}  // namespace

std::span<const NumberFormat> formats_of(std::size_t digits) {
  if (digits > kDigitsMax) return {};
  return std::span(kFormats).subspan(kFirst[digits], kFirst[digits + 1] - kFirst[digits]);
}

}  // namespace croft::privacy

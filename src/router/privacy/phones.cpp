#include "router/privacy/phones.h"

#include <algorithm>

#include "router/privacy/context.h"

namespace croft::privacy {
namespace {

using enum EntityType;

constexpr std::size_t kDigitsMin = 7;
constexpr std::size_t kDigitsMax = 15;  // ITU-T E.164
constexpr ContextReach kReach{48, 16};  // "Phone:" stands before, "office" and "fax" behind

struct Phone {
  std::size_t first;
  std::size_t last;
  float score;
};

/// From a bracket or plus sign in front...
std::size_t start_of(const Scan& scan, const NumberRun& run, std::size_t first) {
  std::size_t start = run.groups[first].start;
  if (scan.before(start) == '+') --start;
  if (scan.before(start) == '(' && run.gap_after(first) == '*') --start;
  return start;
}

/// ...to the end of an extension: "x45", "ext. 45".
std::size_t end_of(const Scan& scan, std::size_t end) {
  std::size_t at = end;
  if (scan.at(at) == ' ') ++at;
  if (scan.text.substr(at, 3) == "ext")
    at += scan.at(at + 3) == '.' ? 4 : 3;
  else if (scan.at(at) == 'x' || scan.at(at) == 'X')
    ++at;
  else
    return end;
  if (scan.at(at) == ' ') ++at;
  std::size_t digits = 0;
  while (digits < 7 && is(scan.at(at + digits), kDigit)) ++digits;
  return digits == 0 || digits == 7 ? end : at + digits;
}

/// The last group up to which there are at most `digits_max` digits.
std::size_t last_within(const NumberRun& run, std::size_t first, std::size_t digits_max) {
  std::size_t last = first;
  while (last + 1 < run.count && run.digits_count(first, last + 1) <= digits_max) ++last;
  return last;
}

/// "+49 171 1234567", "0049 ..."
bool find_international(const Scan& scan, const NumberRun& run, Phone& phone) {
  const std::uint8_t* digits = run.digits.data();
  const bool has_plus = scan.before(run.groups[0].start) == '+' && digits[0] != 0;
  const bool has_zeros =
      run.groups[0].size > 2 && digits[0] == 0 && digits[1] == 0 && digits[2] != 0;
  if (!has_plus && !has_zeros) return false;
  phone.first = 0;
  const bool is_american = has_plus && digits[0] == 1;
  phone.last = last_within(run, 0, is_american ? 11 : kDigitsMax);
  const std::size_t count = run.digits_count(0, phone.last);
  phone.score = has_plus ? kShaped : kMaybe;
  if (has_zeros && phone.last == 0 && count < 11) return false;
  return count >= (is_american ? 11 : has_plus ? kDigitsMin : 10);
}

/// "(212) 555-0100", "212-555-0100", "1.212.555.0100"
bool find_american(const NumberRun& run, std::size_t first, Phone& phone) {
  if (first + 2 >= run.count) return false;
  const std::string_view shape = run.shape_of(first, first + 2);
  if (shape[0] != '3' || shape[2] != '3' || shape[4] != '4') return false;
  const char gap = shape[3];
  if (gap != '-' && gap != '.' && gap != ' ') return false;
  if (shape[1] != gap && shape[1] != '*' && !(shape[1] == ' ' && gap == '-')) return false;
  const Digits digits = run.digits_of(first, first + 2);
  if (digits[0] < 2 || digits[3] < 2) return false;
  if (run.gap_before(first) == gap && gap != ' ' && run.groups[first - 1].size > 1) return false;
  if (run.gap_after(first + 2) == gap && gap != ' ') return false;
  const bool has_one =
      first > 0 && run.groups[first - 1].size == 1 && run.digits[run.groups[first - 1].digit] == 1;
  phone = {has_one ? first - 1 : first, first + 2,
           gap == ' ' && shape[1] == ' ' ? kMaybe : kShaped};
  return true;
}

/// 01 02 03 04 05 is a list.
bool counts_up(const NumberRun& run, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i)
    if (number_of(run.digits_of(i + 1, i + 1)) != number_of(run.digits_of(i, i)) + 1) return false;
  return true;
}

/// "0171 2345678", "03.93.92.16.85": groups, the first with a trunk zero.
bool find_trunk_zero(const NumberRun& run, std::size_t first, Phone& phone) {
  const NumberRun::Group& group = run.groups[first];
  if (group.size < 2 || run.digits[group.digit] != 0 || run.digits[group.digit + 1u] == 0)
    return false;
  if (first > 0 && run.gap_before(first) != ' ') return false;
  const std::size_t last = last_within(run, first, 11);
  if (last == first || run.digits_count(first, last) < 9) return false;
  for (std::size_t i = first; i + 2 <= last; ++i)
    if (is_date(run, i)) return false;
  if (counts_up(run, first, last)) return false;
  phone = {first, last, kMaybe};
  return true;
}

bool is_amount(const Scan& scan, const NumberRun& run) {
  const char before = scan.before(run.groups[0].start);
  const char after = scan.at(run.end);
  const bool has_sign = before == '$' || before == '#' || before == '=' || after == '%' ||
                        after == '$' || after == ':' || after == ',';
  // Euro and pound sign are multi-byte characters.
  return (has_sign && is(scan.at(run.end + 1), kDigit)) || before == '$' || after == '%' ||
         is(before, kHigh) || is(after, kHigh);
}

/// 12500+2100000=2112500 is a sum.
bool is_summand(const Scan& scan, const NumberRun& run) {
  const auto is_sign = [](char c) { return c == '+' || c == '*' || c == '='; };
  const std::size_t start = run.groups[0].start;
  return (start > 1 && is_sign(scan.text[start - 1]) && is(scan.text[start - 2], kDigit)) ||
         (is_sign(scan.at(run.end)) && is(scan.at(run.end + 1), kDigit));
}

/// 5000/500 is a quotient; with a trunk zero, 030/1234567, it is a number of old.
bool is_quotient(const NumberRun& run) {
  return run.shape_of(0, run.count - 1).find('/') != std::string_view::npos && run.digits[0] != 0;
}

/// Any form, where a word nearby says telephone.
bool find_told(const Scan& scan, const NumberRun& run, std::uint64_t context, Phone& phone) {
  const std::size_t count = run.digits_count(0, run.count - 1);
  if (count < kDigitsMin || count > 13 || run.count > 7) return false;
  if (run.count >= 3 && is_date(run, 0)) return false;
  const bool looks_like = (context & kPhone) != 0 || (run.count > 1 && count >= 8) || count >= 10;
  if (!looks_like || is_amount(scan, run) || is_quotient(run)) return false;
  phone = {0, run.count - 1, kTold};
  return true;
}

}  // namespace

bool is_date(const NumberRun& run, std::size_t first) {
  if (first + 2 >= run.count) return false;
  const std::string_view shape = run.shape_of(first, first + 2);
  if (shape[1] != shape[3] || std::string_view("-./ ").find(shape[1]) == std::string_view::npos)
    return false;
  const auto value = [&](std::size_t group) {
    return static_cast<int>(number_of(run.digits_of(first + group, first + group)));
  };
  const auto is_short = [](char sign) { return sign == '1' || sign == '2'; };
  const auto is_year = [](int year) { return year >= 1880 && year <= 2099; };
  if (shape[0] == '4')
    return is_short(shape[2]) && is_short(shape[4]) && is_year(value(0)) &&
           is_day(value(2), value(1));
  return shape[4] == '4' && is_short(shape[0]) && is_short(shape[2]) && is_year(value(2)) &&
         (is_day(value(0), value(1)) || is_day(value(1), value(0)));
}

void read_phones(Scan& scan, const NumberRun& run) {
  if (run.digits_count(0, run.count - 1) < kDigitsMin || is_summand(scan, run)) return;
  // An extension's x is the only letter that may follow.
  if (run.ends_in_letter && end_of(scan, run.end) == run.end) return;
  const std::uint64_t context =
      context_near(scan.text, run.groups[0].start, run.end, kReach) & (kPhone | kMessage);
  const auto add = [&](const Phone& phone) {
    scan.add(PhoneNumber, start_of(scan, run, phone.first), end_of(scan, run.group_end(phone.last)),
             context != 0 ? std::max(phone.score, kTold) : phone.score);
  };
  Phone phone{};
  if (find_international(scan, run, phone)) add(phone);
  for (std::size_t first = 0; first < run.count; ++first) {
    if (find_american(run, first, phone)) add(phone);
    if (find_trunk_zero(run, first, phone)) add(phone);
  }
  if (context != 0 && find_told(scan, run, context, phone)) add(phone);
}

}  // namespace croft::privacy

#include <algorithm>

#include "router/privacy/context.h"
#include "router/privacy/dates.h"
#include "router/privacy/number_formats.h"
#include "router/privacy/number_run.h"
#include "router/privacy/phones.h"
#include "router/privacy/postcodes.h"
#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

using enum EntityType;

constexpr std::size_t kWindowDigitsMin = 6;
constexpr std::size_t kWindowDigitsMax = 20;
// Between two that fit the same digits, the one that the text names wins.
constexpr float kUntold = 0.95f;
constexpr float kCardUntold = 0.98f;
constexpr std::size_t kGroupsShaped = 7;  // no number is written in more groups

/// The words around a run, looked up when the first recogniser asks.
class RunContext {
 public:
  RunContext(const Scan& scan, const NumberRun& run) : scan_(scan), run_(run) {}
  std::uint64_t get() {
    if (!known_) value_ = context_near(scan_.text, run_.groups[0].start, run_.end);
    known_ = true;
    return value_;
  }

 private:
  const Scan& scan_;
  const NumberRun& run_;
  std::uint64_t value_ = 0;
  bool known_ = false;
};

/// How cards are embossed and typed.
bool is_card_shape(std::string_view shape) {
  if (shape.size() == 1) return true;
  // Eight together: an invisible character stood between.
  return has_shape(shape,
                   "4?4?4?4|4_4_4_4|4?4?4?4?3|4?6?5|4?6?4|4?4?4?1|4?4?5|4?4?4|8?4?4|4?8?4|4?4?8|"
                   "8?8|4?c|c?4|6?d");
}

void read_card(Scan& scan, const NumberRun& run, RunContext& context, std::size_t first,
               std::size_t last) {
  const Digits digits = run.digits_of(first, last);
  const bool fits = last - first < kGroupsShaped && is_card_shape(run.shape_of(first, last));
  const bool whole = first == last || (first == 0 && last + 1 == run.count);
  if ((!fits && !whole) || !card_possible(digits)) return;
  const bool told = (context.get() & kCard) != 0;
  if ((fits && card_valid(digits)) || (whole && told))
    scan.add(CreditCard, run.groups[first].start, run.group_end(last),
             told ? kCertain : kCardUntold);
}

void read_formats(Scan& scan, const NumberRun& run, RunContext& context, std::size_t first,
                  std::size_t last) {
  if (last - first >= kGroupsShaped) return;
  const Digits digits = run.digits_of(first, last);
  const std::string_view shape = run.shape_of(first, last);
  for (const NumberFormat& format : formats_of(digits.size())) {
    const bool alone = has_shape(shape, format.alone);
    if (!alone && !has_shape(shape, format.told)) continue;
    if (!format.valid(digits)) continue;
    const bool told = (context.get() & format.context) != 0;
    if (alone || told)
      scan.add(format.type, run.groups[first].start, run.group_end(last),
               told ? format.told_score : std::min(format.alone_score, kUntold));
  }
  if (last == first && digits.size() >= 8 && digits.size() <= 17 &&
      (context.get() & kBankAccount) != 0)
    scan.add(UsBankNumber, run.groups[first].start, run.group_end(last), kMaybe);
}

/// Four groups up to 255 with dots between, that are no version.
void read_ipv4(Scan& scan, const NumberRun& run, std::size_t first) {
  const std::size_t last = first + 3;
  if (last >= run.count || run.gap_before(first) == '.' || run.gap_after(last) == '.') return;
  const std::size_t start = run.groups[first].start;
  if (scan.before(start) == '.' || (last + 1 == run.count && run.ends_in_letter)) return;
  for (std::size_t i = first; i <= last; ++i) {
    const Digits digits = run.digits_of(i, i);
    if (digits.size() > 3 || number_of(digits) > 255) return;
    if (digits.size() > 1 && digits[0] == 0) return;
    if (i < last && run.gap_after(i) != '.') return;
  }
  if ((context_near(scan.text, start, run.group_end(last), {12, 0}) & kVersion) != 0) return;
  scan.add(IpAddress, start, run.group_end(last), 0.95f);
}

/// Five digits, or five and four, behind a state's letters or with a word that says so.
void read_zip_code(Scan& scan, const NumberRun& run, std::size_t first) {
  const std::size_t size = run.groups[first].size;
  if (size != 4 && size != 5) return;
  const std::size_t start = run.groups[first].start;
  const bool has_four = size == 5 && run.gap_after(first) == '-' && run.groups[first + 1].size == 4;
  const std::size_t end = run.group_end(has_four ? first + 1 : first);
  if (size == 5 && is_us_state_before(scan.text, start))
    scan.add(ZipCode, start, end, kShaped);
  else if ((context_near(scan.text, start, end, {32, 8}) & kPostcode) != 0)
    scan.add(ZipCode, start, end, kTold);
}

/// Whether the number may end at this group: nothing written to it without a gap.
bool ends_clean(const NumberRun& run, std::size_t last) {
  return last + 1 < run.count || !run.ends_in_letter;
}

void read_windows(Scan& scan, const NumberRun& run) {
  RunContext context(scan, run);
  const bool after_point = scan.before(run.groups[0].start) == '.';
  for (std::size_t first = 0; first < run.count; ++first) {
    read_ipv4(scan, run, first);
    read_numeric_date(scan, run, first);
    read_age(scan, run, first);
    if (ends_clean(run, first)) read_zip_code(scan, run, first);
    // Digits behind a decimal point pass for anything.
    if (run.gap_before(first) == '.' || (first == 0 && after_point)) continue;
    for (std::size_t last = first; last < run.count; ++last) {
      const std::size_t digits = run.digits_count(first, last);
      if (digits > kWindowDigitsMax) break;
      if (digits < kWindowDigitsMin || !ends_clean(run, last)) continue;
      if (digits >= 12) read_card(scan, run, context, first, last);
      read_formats(scan, run, context, first, last);
    }
  }
}

}  // namespace

void read_numbers(Scan& scan, std::size_t start) {
  if (start < scan.numbers_done) return;
  NumberRun run;
  scan.numbers_done = parse_run(scan.text, start, run);
  if (run.count == 0) return;
  read_windows(scan, run);
  read_phones(scan, run);
}

}  // namespace croft::privacy

#include "router/privacy/dates.h"

#include <algorithm>
#include <array>

#include "router/privacy/check_digits.h"
#include "router/privacy/context.h"
#include "router/privacy/number_formats.h"
#include "router/privacy/phones.h"

namespace croft::privacy {
namespace {

using enum EntityType;

// Lower case, and long enough to be told apart from a name and a verb where they stand beside a
// number: "May 5", "5. Mai", "le 5 mai".
constexpr std::array<std::string_view, 75> kMonths = {
    "january",   "february",  "march",    "april",    "may",      "june",       "july",
    "august",    "september", "october",  "november", "december", "jan",        "feb",
    "mar",       "apr",       "jun",      "jul",      "aug",      "sep",        "sept",
    "oct",       "nov",       "dec",      "januar",   "februar",  "märz",       "mai",
    "juni",      "juli",      "oktober",  "dezember", "okt",      "dez",        "jänner",
    "janvier",   "février",   "mars",     "avril",    "juin",     "juillet",    "août",
    "septembre", "octobre",   "novembre", "décembre", "enero",    "febrero",    "marzo",
    "abril",     "mayo",      "junio",    "julio",    "agosto",   "septiembre", "octubre",
    "noviembre", "diciembre", "gennaio",  "febbraio", "aprile",   "maggio",     "giugno",
    "luglio",    "settembre", "ottobre",  "novembre", "dicembre", "januari",    "februari",
    "maart",     "mei",       "augustus", "feber",    "sierpnia"};
constexpr std::size_t kMonthBytesMax = 10;
constexpr std::size_t kWordsBack = 24;  // bytes looked at beside a month

constexpr std::uint32_t prefix_of(std::string_view word) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(lower(word[0]))) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(lower(word[1])));
}
/// Whether a month begins with these two bytes: most words are done with here.
consteval std::array<bool, 1 << 16> month_prefixes() {
  std::array<bool, 1 << 16> table{};
  for (const std::string_view month : kMonths) table[prefix_of(month)] = true;
  return table;
}

bool is_month(std::string_view word) {
  static constexpr std::array<bool, 1 << 16> kPrefixes = month_prefixes();
  if (word.size() < 3 || word.size() > kMonthBytesMax || !kPrefixes[prefix_of(word)]) return false;
  return std::ranges::any_of(kMonths, [&](std::string_view month) { return is_word(word, month); });
}

bool is_weekday(std::string_view word) {
  constexpr std::string_view kDays[] = {
      "monday",   "tuesday",  "wednesday", "thursday",   "friday",    "saturday", "sunday",
      "mon",      "tue",      "wed",       "thu",        "fri",       "sat",      "sun",
      "montag",   "dienstag", "mittwoch",  "donnerstag", "freitag",   "samstag",  "sonnabend",
      "sonntag",  "lundi",    "mardi",     "mercredi",   "jeudi",     "vendredi", "samedi",
      "dimanche", "lunes",    "martes",    "miércoles",  "jueves",    "viernes",  "sábado",
      "domingo",  "maandag",  "dinsdag",   "woensdag",   "donderdag", "vrijdag",  "zaterdag",
      "zondag",   "lunedì",   "martedì",   "mercoledì",  "giovedì",   "venerdì",  "sabato",
      "domenica"};
  return std::ranges::any_of(kDays, [&](std::string_view day) { return is_word(word, day); });
}

struct Number {
  std::size_t start = 0;
  std::size_t end = 0;
  int value = -1;  ///< -1: there is none
  [[nodiscard]] std::size_t size() const { return end - start; }
};

/// The digits that end right before `end`.
Number number_before(std::string_view text, std::size_t end) {
  Number number{.start = end, .end = end};
  while (number.start > 0 && end - number.start < 5 && is(text[number.start - 1], kDigit))
    --number.start;
  if (number.size() == 0 || number.size() > 4) return {};
  number.value = 0;
  for (std::size_t i = number.start; i < end; ++i) number.value = 10 * number.value + text[i] - '0';
  return number;
}
Number number_after(std::string_view text, std::size_t start) {
  Number number{.start = start, .end = start};
  while (number.end < text.size() && number.size() < 5 && is(text[number.end], kDigit))
    ++number.end;
  if (number.size() == 0 || number.size() > 4) return {};
  number.value = 0;
  for (std::size_t i = start; i < number.end; ++i) number.value = 10 * number.value + text[i] - '0';
  return number;
}
bool is_day_number(const Number& number) {
  return number.size() <= 2 && number.value >= 1 && number.value <= 31;
}
bool is_year_number(const Number& number) {
  return number.size() == 4 && number.value >= 1700 && number.value <= 2199;
}

std::size_t skip_back(std::string_view text, std::size_t at, std::string_view signs) {
  for (int i = 0; i < 3 && at > 0 && signs.find(text[at - 1]) != std::string_view::npos; ++i) --at;
  return at;
}
std::size_t skip(std::string_view text, std::size_t at, std::string_view signs) {
  for (int i = 0; i < 3 && at < text.size() && signs.find(text[at]) != std::string_view::npos; ++i)
    ++at;
  return at;
}
std::size_t word_start(std::string_view text, std::size_t end) {
  std::size_t start = end;
  while (start > 0 && end - start < kWordsBack && is(text[start - 1], kLetter)) --start;
  return start;
}
std::size_t word_end(std::string_view text, std::size_t start) {
  std::size_t end = start;
  while (end < text.size() && end - start < kWordsBack && is(text[end], kLetter)) ++end;
  return end;
}

/// A day of the month that ends at `end`: "3", "3rd", "3.", "3 of", "3 de". Returns its start, or
/// `end`.
std::size_t day_before(std::string_view text, std::size_t end) {
  std::size_t at = skip_back(text, end, " -./\t");
  const std::size_t word = word_start(text, at);
  const std::string_view between = text.substr(word, at - word);
  if (between == "of" || between == "de" || between == "di" || between == "van") {
    at = skip_back(text, word, " ");
  } else if (between == "st" || between == "nd" || between == "rd" || between == "th" ||
             between == "er") {
    at = word;
  } else if (word != at) {
    return end;
  }
  // After "of" there may still be a "3rd".
  const std::size_t ordinal = word_start(text, at);
  const std::string_view tail = text.substr(ordinal, at - ordinal);
  if (tail == "st" || tail == "nd" || tail == "rd" || tail == "th") at = ordinal;
  const Number day = number_before(text, at);
  if (day.value < 0 || !is_day_number(day)) return end;
  return day.start > 0 && is(text[day.start - 1], kWord) ? end : day.start;
}

/// A day, a year or both that follow a month: "3", "3rd, 1998", "1998". Returns the end, or
/// `start`.
std::size_t days_after(std::string_view text, std::size_t start, bool has_day) {
  std::size_t at = skip(text, start, has_day ? " -./,'" : " -./");
  std::size_t end = start;
  Number number = number_after(text, at);
  if (number.value < 0) {
    // "3 de mayo de 1998"
    const std::size_t of_end = word_end(text, at);
    const std::string_view of = text.substr(at, of_end - at);
    if (!has_day || (of != "de" && of != "del" && of != "of")) return start;
    number = number_after(text, skip(text, of_end, " "));
    return number.value >= 0 && is_year_number(number) ? number.end : start;
  }
  if (is_year_number(number)) return number.end;
  if (has_day)
    return number.size() == 2 && at > start && text[at - 1] != ',' &&
                   (number.end == text.size() || !is(text[number.end], kWord)) &&
                   text[at - 1] != ' '
               ? number.end
               : start;
  if (!is_day_number(number)) return start;
  end = number.end;
  const std::size_t ordinal = word_end(text, end);
  const std::string_view tail = text.substr(end, ordinal - end);
  if (tail == "st" || tail == "nd" || tail == "rd" || tail == "th")
    end = ordinal;
  else if (!tail.empty())
    return start;
  if (end < text.size() && (text[end] == ':' || text[end] == '%')) return start;
  const Number year = number_after(text, skip(text, end, " -./,"));
  return year.value >= 0 && is_year_number(year) ? year.end : end;
}

/// "10:30", "10:30:05 pm", "at 9 am" behind a date. Returns the end, or `start`.
std::size_t time_after(std::string_view text, std::size_t start) {
  std::size_t at = skip(text, start, " ,T");
  const std::size_t word = word_end(text, at);
  if (text.substr(at, word - at) == "at" || text.substr(at, word - at) == "um")
    at = skip(text, word, " ");
  const Number hour = number_after(text, at);
  if (hour.value < 0 || hour.value > 24) return start;
  std::size_t end = hour.end;
  bool is_time = false;
  for (int part = 0; part < 2 && end + 2 < text.size() && text[end] == ':'; ++part) {
    const Number minutes = number_after(text, end + 1);
    if (minutes.size() != 2) break;
    end = minutes.end;
    is_time = true;
  }
  const std::size_t half = skip(text, end, " ");
  const std::size_t half_end = word_end(text, half);
  const std::string_view noon = text.substr(half, half_end - half);
  if (is_word(noon, "am") || is_word(noon, "pm")) return half_end;
  return is_time ? end : start;
}

std::size_t weekday_before(std::string_view text, std::size_t start) {
  const std::size_t end = skip_back(text, start, " ,.");
  const std::size_t word = word_start(text, end);
  return end < start && is_weekday(text.substr(word, end - word)) ? word : start;
}

void add_date(Scan& scan, std::size_t start, std::size_t end, float score) {
  start = weekday_before(scan.text, start);
  end = time_after(scan.text, end);
  const bool of_birth = (context_near(scan.text, start, end, {40, 12}) & kBirth) != 0;
  scan.add(DateTime, start, end, of_birth ? std::max(score, kTold) : score);
}

/// "born in 1962": a year alone tells nothing of anybody otherwise.
void read_birth_year(Scan& scan, const NumberRun& run, std::size_t group) {
  constexpr ContextReach kBeside = {16, 0};
  const Digits digits = run.digits_of(group, group);
  if (digits.size() != 4 || number_of(digits) < 1900 || number_of(digits) > 2099) return;
  const std::size_t start = run.groups[group].start;
  const std::size_t end = run.group_end(group);
  if ((context_near(scan.text, start, end, kBeside) & kBirth) != 0)
    scan.add(DateTime, start, end, kMaybe);
}

}  // namespace

void read_month(Scan& scan, const Word& word) {
  const std::string_view text = scan.text;
  const std::string_view name = text.substr(word.start, word.size());
  if (!is_month(name)) return;
  std::size_t month_end = word.end;
  if (word.size() <= 4 && scan.at(month_end) == '.') ++month_end;
  const std::size_t start = day_before(text, word.start);
  const bool has_day = start != word.start;
  const std::size_t end = days_after(text, month_end, has_day);
  const bool has_more = end != month_end;
  if (!has_day && !has_more) return;
  // "you may 5": a verb, and others, unless it begins with a capital or has a day and a year.
  const bool is_verb = is_word(name, "may") || is_word(name, "march") || is_word(name, "mars") ||
                       is_word(name, "mar") || is_word(name, "mei") || is_word(name, "dec") ||
                       is_word(name, "sep") || is_word(name, "jan");
  if (is_verb && !is(name[0], kUpper) && !(has_day && has_more)) return;
  add_date(scan, start, has_more ? end : word.end, kShaped);
}

void read_numeric_date(Scan& scan, const NumberRun& run, std::size_t first) {
  if (!is_date(run, first)) return read_birth_year(scan, run, first);
  const std::size_t start = run.groups[first].start;
  const std::size_t end = run.group_end(first + 2);
  const bool has_year =
      run.groups[first].size == 4 || run.digits_of(first + 2, first + 2).size() == 4;
  if ((context_near(scan.text, start, end, {40, 12}) & kBirth) != 0)
    add_date(scan, start, end, kTold);
  else if (has_year)
    add_date(scan, start, end, kShaped);
  else if (run.gap_after(first) == '/')
    add_date(scan, start, end, kMaybe);
}

void read_age(Scan& scan, const NumberRun& run, std::size_t group) {
  const Digits digits = run.digits_of(group, group);
  if (digits.size() > 3 || number_of(digits) > 125 || digits[0] == 0) return;
  const std::string_view text = scan.text;
  const std::size_t start = run.groups[group].start;
  const std::size_t end = run.group_end(group);
  const std::size_t gap = skip(text, end, " -");
  if (gap != end) {
    const std::size_t word = word_end(text, gap);
    const std::string_view unit = text.substr(gap, word - gap);
    const bool is_years = is_word(unit, "years") || is_word(unit, "year") || is_word(unit, "yrs") ||
                          is_word(unit, "yr") || is_word(unit, "jahre") || is_word(unit, "jaar");
    const std::size_t next = skip(text, word, " -");
    const std::size_t next_end = word_end(text, next);
    const std::string_view old = text.substr(next, next_end - next);
    if (is_years && (is_word(old, "old") || is_word(old, "alt") || is_word(old, "oud") ||
                     is_word(old, "young") || is_word(old, "of")))
      return is_word(old, "of") && !is_word(text.substr(skip(text, next_end, " "), 3), "age")
                 ? void()
                 : scan.add(Age, start, end, kTold);
    if (is_word(unit, "yo") || (is_word(unit, "y") && text.substr(word, 2) == "/o"))
      return scan.add(Age, start, end, kTold);
  }
  const std::size_t before = skip_back(text, start, " :");
  const std::size_t word = word_start(text, before);
  const std::string_view told = text.substr(word, before - word);
  if (before != start && (is_word(told, "aged") || is_word(told, "age") || is_word(told, "alter")))
    scan.add(Age, start, end, kTold);
}

}  // namespace croft::privacy

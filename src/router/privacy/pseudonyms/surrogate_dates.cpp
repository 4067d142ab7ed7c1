#include "router/privacy/pseudonyms/surrogate_dates.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "router/privacy/characters.h"
#include "router/privacy/pseudonyms/folded_units.h"

namespace croft::privacy {
namespace {

using std::chrono::year_month_day;

using Months = std::array<std::string_view, 12>;
/// English, German, French, Spanish, Italian, Dutch; then their short forms. The language of a
/// month is kept.
constexpr auto kLanguages = std::to_array<Months>({
    {"january", "february", "march", "april", "may", "june", "july", "august", "september",
     "october", "november", "december"},
    {"januar", "februar", "m\u00E4rz", "april", "mai", "juni", "juli", "august", "september",
     "oktober", "november", "dezember"},
    {"janvier", "f\u00E9vrier", "mars", "avril", "mai", "juin", "juillet", "ao\u00FBt", "septembre",
     "octobre", "novembre", "d\u00E9cembre"},
    {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
     "octubre", "noviembre", "diciembre"},
    {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre",
     "ottobre", "novembre", "dicembre"},
    {"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
     "oktober", "november", "december"},
    {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"},
    {"jan", "feb", "m\u00E4r", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez"},
});

struct Piece {
  std::size_t start;
  std::size_t end;
  int number = -1;                   ///< of digits
  const Months* language = nullptr;  ///< of a month
  unsigned month = 0;
  [[nodiscard]] std::size_t size() const { return end - start; }
};

/// Numbers and names of months; other words end a date.
std::vector<Piece> pieces_of(std::string_view value) {
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < value.size() && pieces.size() < 8;) {
    if (!is(value[at], kWord)) {
      ++at;
      continue;
    }
    Piece piece{at, at};
    const bool digits = is(value[at], kDigit);
    while (piece.end < value.size() && is(value[piece.end], kWord) &&
           is(value[piece.end], kDigit) == digits)
      ++piece.end;
    const std::string_view text = value.substr(at, piece.size());
    at = piece.end;
    if (digits) {
      piece.number = 0;
      for (const char c : text.substr(0, 6)) piece.number = 10 * piece.number + (c - '0');
      pieces.push_back(piece);
      continue;
    }
    const std::string word = with_case(text, CaseStyle::Lower);
    for (const Months& language : kLanguages) {
      const auto found = std::ranges::find(language, word);
      if (found == language.end()) continue;
      piece.language = &language;
      piece.month = static_cast<unsigned>(found - language.begin()) + 1;
      pieces.push_back(piece);
      break;
    }
  }
  return pieces;
}

/// Which pieces are year, month and day.
struct Found {
  std::size_t year;
  std::size_t month;
  std::size_t day;
  year_month_day date;
};

bool is_year(const Piece& piece, bool may_be_short) {
  return piece.number >= 0 && (piece.size() == 4 || (may_be_short && piece.size() == 2));
}

std::optional<Found> date_of(std::string_view value, const std::vector<Piece>& pieces,
                             std::size_t at, std::size_t y, std::size_t m, std::size_t d) {
  const Piece& year = pieces[at + y];
  const Piece& month = pieces[at + m];
  const Piece& day = pieces[at + d];
  const bool iso = y == 0;
  if (!is_year(year, !iso) || day.number < 1 || day.size() > 2) return std::nullopt;
  if (month.number < 1 && month.language == nullptr) return std::nullopt;
  if (month.number >= 0 && month.size() > 2) return std::nullopt;
  // What stands between numbers is one sign.
  if (month.language == nullptr)
    for (std::size_t i = at; i < at + 2; ++i)
      if (pieces[i + 1].start - pieces[i].end > 2 || value[pieces[i].end] == ':')
        return std::nullopt;
  const int full = year.size() == 4   ? year.number
                   : year.number < 30 ? 2000 + year.number
                                      : 1900 + year.number;
  const year_month_day date(
      std::chrono::year(full),
      std::chrono::month(month.language != nullptr ? month.month
                                                   : static_cast<unsigned>(month.number)),
      std::chrono::day(static_cast<unsigned>(day.number)));
  if (!date.ok()) return std::nullopt;
  return Found{at + y, at + m, at + d, date};
}

std::optional<Found> find_date(std::string_view value, const std::vector<Piece>& pieces) {
  for (std::size_t at = 0; at + 3 <= pieces.size(); ++at) {
    if (const auto found = date_of(value, pieces, at, 0, 1, 2)) return found;  // 1969-03-12
    const bool slash = value[pieces[at].end] == '/';
    const auto day_first = date_of(value, pieces, at, 2, 1, 0);    // 12.03.1969, 12 March 1969
    const auto month_first = date_of(value, pieces, at, 2, 0, 1);  // 3/12/1969, March 12, 1969
    if (slash && month_first) return month_first;
    if (day_first) return day_first;
    if (month_first) return month_first;
  }
  return std::nullopt;
}

std::string padded(unsigned number, std::size_t width) {
  std::string out = std::to_string(number);
  while (out.size() < width) out.insert(out.begin(), '0');
  return out;
}

}  // namespace

std::optional<std::string> shifted_date(std::string_view value, int days) {
  const std::vector<Piece> pieces = pieces_of(value);
  const auto found = find_date(value, pieces);
  if (!found) return std::nullopt;
  const year_month_day moved(std::chrono::sys_days(found->date) + std::chrono::days(days));
  const int year = static_cast<int>(moved.year());
  if (year < 1000 || year > 9999) return std::nullopt;
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    std::string text;
    if (i == found->year) {
      text =
          piece.size() == 4 ? std::to_string(year) : padded(static_cast<unsigned>(year % 100), 2);
    } else if (i == found->day) {
      text = padded(static_cast<unsigned>(moved.day()), piece.size());
    } else if (i == found->month) {
      const auto month = static_cast<unsigned>(moved.month());
      text = piece.language == nullptr
                 ? padded(month, piece.size())
                 : with_case((*piece.language)[month - 1],
                             case_style(value.substr(piece.start, piece.size())));
    } else {
      continue;
    }
    out += value.substr(copied, piece.start - copied);
    out += text;
    copied = piece.end;
  }
  return out + std::string(value.substr(copied));
}

}  // namespace croft::privacy

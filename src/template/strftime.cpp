#include "template/strftime.h"

#include <array>
#include <ctime>

namespace croft::jinja {
namespace {

constexpr std::array<std::string_view, 7> day_names{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> month_names{
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

std::tm calendar(std::chrono::sys_seconds now) {
  const auto days = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss time(now - days);
  const std::chrono::sys_days new_year{date.year() / std::chrono::January / 1};
  std::tm out{};
  out.tm_year = static_cast<int>(date.year()) - 1900;
  out.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  out.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  out.tm_hour = static_cast<int>(time.hours().count());
  out.tm_min = static_cast<int>(time.minutes().count());
  out.tm_sec = static_cast<int>(time.seconds().count());
  out.tm_wday = static_cast<int>(std::chrono::weekday(days).c_encoding());
  out.tm_yday = static_cast<int>((days - new_year).count());
  return out;
}

std::string padded(long value, std::size_t width, char fill = '0') {
  const std::string digits = std::to_string(value);
  return digits.size() >= width ? digits : std::string(width - digits.size(), fill) + digits;
}

int hour_of_12(int hour) {
  return hour % 12 == 0 ? 12 : hour % 12;
}

struct IsoWeek {
  int year;
  int week;
};

IsoWeek iso_week(const std::tm& time) {
  const int weekday = (time.tm_wday + 6) % 7;  // Monday is 0
  const int year = time.tm_year + 1900;
  const int week = (time.tm_yday - weekday + 10) / 7;
  const auto weeks_in = [&](int y) {
    const auto jan_first = [](int x) { return (x + x / 4 - x / 100 + x / 400) % 7; };
    return jan_first(y) == 4 || jan_first(y - 1) == 3 ? 53 : 52;
  };
  if (week < 1) return {year - 1, weeks_in(year - 1)};
  if (week > weeks_in(year)) return {year + 1, 1};
  return {year, week};
}

std::string one(char code, bool unpadded, const std::tm& t, std::chrono::sys_seconds now);

std::string number(long value, std::size_t width, bool unpadded, char fill = '0') {
  return padded(value, unpadded ? 1 : width, fill);
}

std::string combined(std::string_view format, const std::tm& t, std::chrono::sys_seconds now) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%') {
      out += one(format[++i], false, t, now);
    } else {
      out.push_back(format[i]);
    }
  }
  return out;
}

std::string date_code(char code, bool unpadded, const std::tm& t) {
  const int year = t.tm_year + 1900;
  switch (code) {
    case 'a':
      return std::string(day_names[static_cast<std::size_t>(t.tm_wday)].substr(0, 3));
    case 'A':
      return std::string(day_names[static_cast<std::size_t>(t.tm_wday)]);
    case 'b':
    case 'h':
      return std::string(month_names[static_cast<std::size_t>(t.tm_mon)].substr(0, 3));
    case 'B':
      return std::string(month_names[static_cast<std::size_t>(t.tm_mon)]);
    case 'C':
      return number(year / 100, 2, unpadded);
    case 'd':
      return number(t.tm_mday, 2, unpadded);
    case 'e':
      return number(t.tm_mday, 2, unpadded, ' ');
    case 'g':
      return number(iso_week(t).year % 100, 2, unpadded);
    case 'G':
      return number(iso_week(t).year, 4, unpadded);
    case 'j':
      return number(t.tm_yday + 1, 3, unpadded);
    case 'm':
      return number(t.tm_mon + 1, 2, unpadded);
    case 'u':
      return std::to_string(t.tm_wday == 0 ? 7 : t.tm_wday);
    case 'U':
      return number((t.tm_yday + 7 - t.tm_wday) / 7, 2, unpadded);
    case 'V':
      return number(iso_week(t).week, 2, unpadded);
    case 'w':
      return std::to_string(t.tm_wday);
    case 'W':
      return number((t.tm_yday + 7 - (t.tm_wday + 6) % 7) / 7, 2, unpadded);
    case 'y':
      return number(year % 100, 2, unpadded);
    case 'Y':
      return std::to_string(year);
    default:
      return std::string(unpadded ? "%-" : "%") +
             code;  // as glibc does with a code it does not know
  }
}

std::string one(char code, bool unpadded, const std::tm& t, std::chrono::sys_seconds now) {
  switch (code) {
    case '%':
      return "%";
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case 'c':
      return combined("%a %b %e %H:%M:%S %Y", t, now);
    case 'D':
    case 'x':
      return combined("%m/%d/%y", t, now);
    case 'F':
      return combined("%Y-%m-%d", t, now);
    case 'r':
      return combined("%I:%M:%S %p", t, now);
    case 'R':
      return combined("%H:%M", t, now);
    case 'T':
    case 'X':
      return combined("%H:%M:%S", t, now);
    case 'f':
      return "000000";
    case 'H':
      return number(t.tm_hour, 2, unpadded);
    case 'I':
      return number(hour_of_12(t.tm_hour), 2, unpadded);
    case 'k':
      return number(t.tm_hour, 2, unpadded, ' ');
    case 'l':
      return number(hour_of_12(t.tm_hour), 2, unpadded, ' ');
    case 'M':
      return number(t.tm_min, 2, unpadded);
    case 'p':
      return t.tm_hour < 12 ? "AM" : "PM";
    case 'P':
      return t.tm_hour < 12 ? "am" : "pm";
    case 'S':
      return number(t.tm_sec, 2, unpadded);
    case 's':
      return std::to_string(now.time_since_epoch().count());
    case 'z':
    case 'Z':
      return "";
    default:
      return date_code(code, unpadded, t);
  }
}

}  // namespace

std::string format_time(std::string_view format, std::chrono::sys_seconds now) {
  const std::tm time = calendar(now);
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out.push_back(format[i]);
      continue;
    }
    ++i;
    const bool unpadded = format[i] == '-' && i + 1 < format.size();
    if (unpadded) ++i;
    out += one(format[i], unpadded, time, now);
  }
  return out;
}

}  // namespace croft::jinja

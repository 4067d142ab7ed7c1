#pragma once
/// Dates and ages, as people write them in six languages: "12 March 1998", "le 3 mai", "21.4.2003",
/// "34 years old".

#include "router/privacy/number_run.h"
#include "router/privacy/scan.h"

namespace croft::privacy {

/// Three groups that make a day: with a year of four digits, or with a word of birth nearby, or
/// with slashes; or a year right behind a word of birth.
void read_numeric_date(Scan& scan, const NumberRun& run, std::size_t first);
/// One group with a word that makes it an age: "aged 34", "34-year-old".
void read_age(Scan& scan, const NumberRun& run, std::size_t group);

}  // namespace croft::privacy

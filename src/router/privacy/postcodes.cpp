#include "router/privacy/postcodes.h"

#include <algorithm>
#include <array>

#include "router/privacy/codes.h"
#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

constexpr std::string_view kStates =
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM "
    "NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR";

bool is_upper_form(std::string_view text, std::string_view form) {
  return std::ranges::all_of(text, [](char c) { return is(c, kUpper | kDigit); }) &&
         is_like(text, form);
}

}  // namespace

bool is_us_state_before(std::string_view text, std::size_t start) {
  if (start < 3 || text[start - 1] != ' ') return false;
  const std::size_t end = start - 1 - (text[start - 2] == ',');
  if (end < 2 || (end > 2 && is(text[end - 3], kWord))) return false;
  const std::string_view state = text.substr(end - 2, 2);
  return is(state[0], kUpper) && is(state[1], kUpper) &&
         kStates.find(state) != std::string_view::npos;
}

void read_postcode(Scan& scan, const Word& word) {
  // Two words of capitals and digits: "SW1A 1AA", "M1 1AE", "K1A 0B1".
  if (word.size() < 2 || word.size() > 4 || scan.at(word.end) != ' ' ||
      !is(scan.text[word.start], kUpper) || is(scan.at(word.end + 4), kWord))
    return;
  if (word.end + 4 > scan.text.size()) return;
  const std::string_view outward = scan.text.substr(word.start, word.size());
  const std::string_view inward = scan.text.substr(word.end + 1, 3);
  constexpr std::array<std::string_view, 6> kOutward = {"A9", "A99", "AA9", "AA99", "A9A", "AA9A"};
  const bool is_british =
      is_upper_form(inward, "9AA") && std::ranges::any_of(kOutward, [&](std::string_view form) {
        return is_upper_form(outward, form);
      });
  const bool is_canadian = is_upper_form(outward, "A9A") && is_upper_form(inward, "9A9");
  if (is_british || is_canadian) scan.add(EntityType::ZipCode, word.start, word.end + 4, kShaped);
}

}  // namespace croft::privacy

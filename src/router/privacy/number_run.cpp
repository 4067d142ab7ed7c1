#include "router/privacy/number_run.h"

#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kGapMax = 3;

bool is_separator(char c) {
  return c == ' ' || c == '-' || c == '.' || c == '/' || c == '_' || c == '(' || c == ')' ||
         c == '\t';
}

/// Length of the gap at `at` if digits follow it, else 0.
std::size_t gap_length(std::string_view text, std::size_t at) {
  std::size_t length = 0;
  while (length < kGapMax && at + length < text.size() && is_separator(text[at + length])) ++length;
  const bool digits_follow = at + length < text.size() && is(text[at + length], kDigit);
  return digits_follow ? length : 0;
}

char gap_sign(std::string_view gap) {
  if (gap.find_first_of("()") != std::string_view::npos) return '*';
  if (gap.size() > 1) return '~';
  return gap[0] == '\t' ? ' ' : gap[0];
}

char length_sign(std::size_t length) {
  return static_cast<char>(length < 10 ? '0' + length : 'a' + length - 10);
}

}  // namespace

std::size_t parse_run(std::string_view text, std::size_t start, NumberRun& run) {
  run.count = 0;
  run.end = start;
  run.ends_in_letter = false;
  std::size_t digits_count = 0;
  for (std::size_t at = start; run.count < kGroupsMax;) {
    std::size_t end = at;
    while (end < text.size() && is(text[end], kDigit)) ++end;
    if (end - at > kGroupDigitsMax) return end;
    run.groups[run.count] = {at, static_cast<std::uint16_t>(digits_count),
                             static_cast<std::uint8_t>(end - at)};
    for (; at < end; ++at) run.digits[digits_count++] = static_cast<std::uint8_t>(text[at] - '0');
    run.shape[2 * run.count] = length_sign(run.groups[run.count].size);
    ++run.count;
    run.end = end;
    run.ends_in_letter = end < text.size() && is(text[end], kLetter);
    const std::size_t gap = run.ends_in_letter ? 0 : gap_length(text, end);
    if (gap == 0) return end;
    run.shape[2 * run.count - 1] = gap_sign(text.substr(end, gap));
    at = end + gap;
  }
  return run.groups[kGroupsMax - kGroupsKept].start;
}

bool has_shape(std::string_view shape, std::string_view alternatives) {
  while (!alternatives.empty()) {
    const std::string_view one = alternatives.substr(0, alternatives.find('|'));
    bool same = one.size() == shape.size();
    for (std::size_t i = 0; same && i < one.size(); ++i) {
      const char c = shape[i];
      same = one[i] == '?' ? c == ' ' || c == '-' || c == '.' : one[i] == c;
    }
    if (same) return true;
    alternatives.remove_prefix(one.size());
    if (!alternatives.empty()) alternatives.remove_prefix(1);
  }
  return false;
}

}  // namespace croft::privacy

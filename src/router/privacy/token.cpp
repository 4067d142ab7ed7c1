#include "router/privacy/token.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "router/privacy/characters.h"

namespace croft::privacy {

double entropy_bits(std::string_view text) {
  std::array<int, 256> times{};
  for (const char c : text) ++times[static_cast<unsigned char>(c)];
  double bits = 0.0;
  for (const int n : times)
    if (n > 0) {
      const double share = n / static_cast<double>(text.size());
      bits -= share * std::log2(share);
    }
  return bits;
}

bool looks_random(std::string_view text) {
  text = text.substr(0, 256);
  std::size_t changes = 0;
  std::size_t digits = 0;
  std::size_t letters = 0;
  std::uint8_t last = 0;
  for (const char c : text) {
    const auto kind = static_cast<std::uint8_t>(class_of(c) & (kDigit | kUpper | kLower));
    if (kind == 0) continue;
    digits += kind == kDigit;
    letters += kind != kDigit;
    changes += last != 0 && kind != last;
    last = kind;
  }
  // A random hexadecimal string changes between digits and letters at every second or third place,
  // one of letters and digits at every second; names with a number in them do so twice.
  return digits >= 2 && letters >= 2 && changes >= 3 && changes * 5 >= text.size() &&
         entropy_bits(text) >= 3.0;
}

}  // namespace croft::privacy

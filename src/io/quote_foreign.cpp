#include "io/quote_foreign.h"

#include <algorithm>

namespace croft {

std::string quote_foreign(std::string_view text) {
  constexpr std::size_t shown_bytes_max = 80;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text.substr(0, std::min(text.size(), shown_bytes_max))) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  out += '"';
  if (text.size() > shown_bytes_max) out += "... (" + std::to_string(text.size()) + " bytes)";
  return out;
}

}  // namespace croft

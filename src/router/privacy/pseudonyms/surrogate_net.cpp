#include "router/privacy/pseudonyms/surrogate_net.h"

#include <algorithm>
#include <array>

#include "router/privacy/characters.h"
#include "router/privacy/pseudonyms/folded_units.h"
#include "router/privacy/pseudonyms/surrogate_names.h"

namespace croft::privacy {
namespace {

char hex_digit(Draw& draw) {
  return "0123456789abcdef"[draw.below(16)];
}

std::string lowered(std::string text) {
  return with_case(text, CaseStyle::Lower);
}

}  // namespace

std::string surrogate_email(std::string_view local, Draw& draw) {
  constexpr auto kDomains =
      std::to_array<std::string_view>({"example.com", "example.org", "example.net"});
  std::string out(local);
  if (out.empty()) out = lowered(given_name(draw, false) + "." + family_name(draw));
  return out + "@" + std::string(draw.of(kDomains));
}

std::optional<std::string> surrogate_ip(std::string_view value, Draw& draw) {
  if (value.contains(':')) {
    std::string out = "2001:db8:";
    for (int group = 0; group < 2; ++group) {
      for (int i = 0; i < 4; ++i)
        out += i == 0 ? "123456789abcdef"[draw.below(15)] : hex_digit(draw);
      out += ':';
    }
    out += ':';
    for (int i = 0; i < 4; ++i) out += i == 0 ? "123456789abcdef"[draw.below(15)] : hex_digit(draw);
    return out;
  }
  if (std::ranges::count(value, '.') != 3) return std::nullopt;
  const std::string last = std::to_string(1 + draw.below(254));
  switch (draw.below(4)) {
    case 0:
      return "192.0.2." + last;
    case 1:
      return "198.51.100." + last;
    case 2:
      return "203.0.113." + last;
    default:  // for measuring networks: more of them
      return "198." + std::to_string(18 + draw.below(2)) + "." + std::to_string(draw.below(256)) +
             "." + last;
  }
}

std::optional<std::string> surrogate_mac(std::string_view value, Draw& draw) {
  std::string digits = "00005e0053";
  digits += hex_digit(draw);
  digits += hex_digit(draw);
  std::string out;
  std::size_t at = 0;
  const bool is_upper = std::ranges::any_of(value, [](char c) { return is(c, kUpper); });
  for (const char c : value) {
    if (!is(c, kHex)) {
      out += c;
    } else if (at == digits.size()) {
      return std::nullopt;
    } else {
      out += is_upper ? upper(digits[at]) : digits[at];
      ++at;
    }
  }
  if (at != digits.size()) return std::nullopt;
  return out;
}

std::string surrogate_domain(Draw& draw) {
  return lowered(family_name(draw)) + ".example";
}

std::string surrogate_url(std::string_view value, Draw& draw) {
  const std::size_t colon = value.find("://");
  const bool has_scheme = colon != std::string_view::npos && colon < 16;
  std::string out;
  std::string_view rest = value;
  if (has_scheme) {
    out = value.substr(0, colon + 3);
    rest.remove_prefix(colon + 3);
  }
  out += surrogate_domain(draw);
  if (const std::size_t slash = rest.find('/');
      slash != std::string_view::npos && slash + 1 < rest.size()) {
    out += '/';
    for (int i = 0; i < 8; ++i) out += hex_digit(draw);
  }
  return out;
}

}  // namespace croft::privacy

#include <algorithm>

#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

using enum EntityType;

constexpr std::size_t kIpv6Max = 45;  // eight groups, the last two as IPv4
constexpr std::size_t kLocalMax = 64;
constexpr std::size_t kDomainMax = 253;
constexpr std::uint8_t kAscii = kDigit | kUpper | kLower;

/// Two-byte letters (Latin, Greek, Cyrillic, Hebrew, Arabic) may be part of an address; ideographs
/// around it are not.
bool is_two_byte_lead(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0xC3 && byte <= 0xDF;
}
bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::size_t local_start(const Scan& scan, std::size_t at_sign) {
  std::size_t start = at_sign;
  while (start > 0 && at_sign - start < kLocalMax) {
    if (is(scan.text[start - 1], kLocal)) {
      --start;
    } else if (start > 1 && is_continuation(scan.text[start - 1]) &&
               is_two_byte_lead(scan.text[start - 2])) {
      start -= 2;
    } else {
      break;
    }
  }
  while (start < at_sign && !is(scan.text[start], kWord) && scan.text[start] != '_') ++start;
  return start;
}

/// Labels with dots between; the end of the last one that can be a top-level domain, or `start`.
std::size_t domain_end(const Scan& scan, std::size_t start) {
  std::size_t end = start;
  bool had_dot = false;
  for (std::size_t at = start; at < scan.text.size() && at - start <= kDomainMax;) {
    const std::size_t label = at;
    bool letters_only = true;
    while (at - start <= kDomainMax) {
      const char c = scan.at(at);
      if (is_two_byte_lead(c) && is_continuation(scan.at(at + 1))) {
        at += 2;
      } else if (is(c, kAscii) || c == '-') {
        letters_only = letters_only && !is(c, kDigit) && c != '-';
        ++at;
      } else {
        break;
      }
    }
    const std::string_view text = scan.text.substr(label, at - label);
    const bool is_top = (letters_only && text.size() >= 2 && text.size() <= 24) ||
                        (text.size() > 4 && text.starts_with("xn--"));
    if (had_dot && is_top) end = at;
    if (text.empty() || scan.at(at) != '.') break;
    had_dot = true;
    ++at;
  }
  return end;
}

/// Digits of up to eight groups, one gap of "::" at most.
bool is_ipv6(std::string_view text) {
  std::size_t groups = 0;
  bool has_gap = false;
  bool has_digit = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 2) == "::") {
      if (has_gap) return false;
      has_gap = true;
      at += 2;
      continue;
    }
    if (text[at] == ':') {
      if (at == 0 || at + 1 == text.size()) return false;
      ++at;
    }
    const std::size_t begin = at;
    for (; at < text.size() && text[at] != ':'; ++at) {
      if (!is(text[at], kHex)) return false;
      has_digit = has_digit || is(text[at], kDigit);
    }
    if (at == begin || at - begin > 4) return false;
    ++groups;
  }
  return has_digit && (has_gap ? groups >= 1 && groups <= 7 : groups == 8);
}

/// Takes a tail of four decimal groups for two of hexadecimal ones.
bool is_ipv6_mixed(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return false;
  if (std::ranges::count(text.substr(colon), '.') != 3) return false;
  std::string_view tail = text.substr(colon + 1);
  for (int group = 0; group < 4; ++group) {
    const std::string_view number = tail.substr(0, tail.find('.'));
    if (number.empty() || number.size() > 3) return false;
    if (!std::ranges::all_of(number, [](char c) { return is(c, kDigit); })) return false;
    tail.remove_prefix(std::min(tail.size(), number.size() + 1));
  }
  char expanded[kIpv6Max + 8];
  const std::size_t head = colon + 1;
  std::copy_n(text.begin(), head, expanded);
  std::copy_n("1:1", 3, expanded + head);
  return is_ipv6({expanded, head + 3});
}

bool is_mac(std::string_view text) {
  if (text.size() == 14)  // aabb.ccdd.eeff
    return text[4] == '.' && text[9] == '.' &&
           std::ranges::all_of(text, [](char c) { return is(c, kHex) || c == '.'; }) &&
           std::ranges::count(text, '.') == 2 &&
           std::ranges::any_of(text, [](char c) { return is(c, kLetter); });
  if (text.size() != 17 || (text[2] != ':' && text[2] != '-')) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (i % 3 == 2 ? text[i] != text[2] : !is(text[i], kHex)) return false;
  // With dashes and digits alone it is some other number.
  return text[2] == ':' || std::ranges::any_of(text, [](char c) { return is(c, kLetter); });
}

/// The stretch of hexadecimal digits and separators from `start`, without dots or colons at its
/// end.
std::string_view address_stretch(const Scan& scan, std::size_t start) {
  std::size_t end = start;
  while (end - start <= kIpv6Max && (is(scan.at(end), kHex) || scan.at(end) == ':' ||
                                     scan.at(end) == '.' || scan.at(end) == '-'))
    ++end;
  if (is(scan.at(end), kWord)) return {};
  while (end > start + 2 && (scan.text[end - 1] == '.' || scan.text[end - 1] == '-' ||
                             (scan.text[end - 1] == ':' && scan.text[end - 2] != ':')))
    --end;
  return scan.text.substr(start, end - start);
}

void read_address(Scan& scan, std::size_t start) {
  if (start < scan.addresses_done) return;
  const std::string_view text = address_stretch(scan, start);
  scan.addresses_done = start + std::max<std::size_t>(text.size(), 1);
  if (is_mac(text))
    scan.add(MacAddress, start, start + text.size(), kShaped);
  else if (text.size() <= kIpv6Max && (is_ipv6(text) || is_ipv6_mixed(text)))
    scan.add(IpAddress, start, start + text.size(), 0.95f);
}

}  // namespace

void read_hex_address(Scan& scan, const Word& word) {
  const char before = scan.before(word.start);
  if (before == ':' || before == '.' || before == '-') return;
  for (std::size_t i = word.start; i < word.end; ++i)
    if (!is(scan.text[i], kHex)) return;
  read_address(scan, word.start);
}

void read_colons_address(Scan& scan, std::size_t start) {
  const char before = scan.before(start);
  if (is(before, kWord) || before == ':' || !is(scan.at(start + 2), kHex)) return;
  read_address(scan, start);
}

void read_email(Scan& scan, std::size_t at_sign) {
  const std::size_t start = local_start(scan, at_sign);
  if (start == at_sign || scan.text[at_sign - 1] == '.') return;
  const std::size_t end = domain_end(scan, at_sign + 1);
  if (end == at_sign + 1 || scan.text[at_sign + 1] == '-') return;
  const bool is_repository =
      scan.text.substr(start, at_sign - start) == "git" && scan.at(end) == ':';
  if (!is_repository) scan.add(EmailAddress, start, end, kCertain);
}

}  // namespace croft::privacy

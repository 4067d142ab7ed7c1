#include <algorithm>
#include <array>

#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

using enum EntityType;

constexpr std::size_t kUrlMax = 8192;

bool ends_url(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '<' || c == '>' || c == '`' ||
         c == '|' || c == '\\' || c == '^' || c == '{' || c == '}';
}

/// What closes a sentence or a bracket around the address is not part of it.
std::size_t trimmed_end(std::string_view text, std::size_t start, std::size_t end) {
  const std::string_view url = text.substr(start, end - start);
  std::ptrdiff_t open = std::ranges::count(url, '(') - std::ranges::count(url, ')');
  for (; end > start; --end) {
    const char c = text[end - 1];
    const bool closes = (c == ')' && open < 0) || c == ']';
    if (!closes && std::string_view(".,;:!?'*_~").find(c) == std::string_view::npos) break;
    if (c == ')') ++open;
  }
  return end;
}

/// "user:password@" in front of the host.
bool has_password(std::string_view after_scheme) {
  const std::string_view authority = after_scheme.substr(0, after_scheme.find_first_of("/?#"));
  const std::size_t at_sign = authority.rfind('@');
  if (at_sign == std::string_view::npos) return false;
  const std::size_t colon = authority.find(':');
  return colon != std::string_view::npos && colon + 1 < at_sign;
}

bool is_web_scheme(std::string_view scheme) {
  constexpr std::array<std::string_view, 8> kSchemes = {"http", "https", "ftp",  "ftps",
                                                        "ws",   "wss",   "sftp", "ssh"};
  return std::ranges::any_of(kSchemes, [&](std::string_view one) { return is_word(scheme, one); });
}

/// Addresses that let anybody post: whoever knows them may.
bool is_web_hook(std::string_view url) {
  return url.find("hooks.slack.com/services/") != std::string_view::npos ||
         url.find("discord.com/api/webhooks/") != std::string_view::npos;
}

bool is_top_level(std::string_view label) {
  constexpr std::array<std::string_view, 44> kCommon = {
      "at",   "au",  "be", "biz", "br", "ca", "ch",  "cn", "com", "cz", "de",
      "dk",   "edu", "es", "eu",  "fi", "fr", "gov", "gr", "hu",  "ie", "in",
      "info", "io",  "it", "jp",  "kr", "lu", "mil", "mx", "net", "nl", "no",
      "nz",   "org", "pl", "pt",  "ro", "ru", "se",  "sg", "tr",  "uk", "za"};
  return std::ranges::any_of(kCommon, [&](std::string_view one) { return is_word(label, one); });
}

}  // namespace

void read_url(Scan& scan, const Word& scheme) {
  if (scheme.start < scan.urls_done) return;
  const std::string_view text = scan.text;
  const bool has_scheme = text.substr(scheme.end, 3) == "://";
  const std::string_view first = text.substr(scheme.start, scheme.size());
  const bool is_www = is_word(first, "www") && scan.at(scheme.end) == '.';
  if (!has_scheme && !is_www) return;
  const std::size_t body = scheme.end + (has_scheme ? 3 : 1);
  std::size_t end = body;
  while (end < text.size() && end - body < kUrlMax && !ends_url(text[end])) ++end;
  scan.urls_done = end;
  end = trimmed_end(text, body, end);
  // Not inside a character.
  while (end > body && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  if (end - body < 3) return;
  const std::string_view url = text.substr(body, end - body);
  if (has_scheme && has_password(url))
    scan.add(Password, scheme.start, end, kCertain);
  else if (is_web_hook(url))
    scan.add(AccessToken, scheme.start, end, kCertain);
  else if (is_www || is_web_scheme(first))
    scan.add(Url, scheme.start, end, 0.8f);
}

void read_domain(Scan& scan, const Word& word) {
  if (word.start < scan.domains_done || word.start < scan.urls_done) return;
  if (scan.before(word.start) == '@' || scan.before(word.start) == '.') return;
  const std::string_view text = scan.text;
  std::size_t end = word.start;
  std::size_t label = word.start;
  std::size_t at = word.start;
  for (; at < text.size(); ++at) {
    if (text[at] == '.') {
      if (at == label) break;
      label = at + 1;
    } else if (!is(text[at], kWord) && text[at] != '-') {
      break;
    }
  }
  end = at;
  if (end > word.start && text[end - 1] == '.') --end;
  scan.domains_done = at;
  const std::size_t last_dot = text.substr(word.start, end - word.start).rfind('.');
  if (last_dot == std::string_view::npos || end - word.start > 253) return;
  if (text[end - 1] == '-' || scan.at(at) == '@' || scan.at(at) == '(') return;
  if (is_top_level(text.substr(word.start + last_dot + 1, end - word.start - last_dot - 1)))
    scan.add(Url, word.start, end, kMaybe);
}

}  // namespace croft::privacy

#include "store/url_origin.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

#include "io/quote_foreign.h"

namespace croft {
namespace {

std::unexpected<Error> bad_url(std::string_view url) {
  return fail(ErrorCode::InvalidArgument, "the address " + quote_foreign(url) + " cannot be used",
              "Give it as https://host[:port], without user or password.");
}

bool is_private_v4(std::uint32_t address) {
  struct Network {
    std::uint32_t base;
    std::uint32_t mask;
  };
  // This host, private, carrier, loopback, link-local (cloud metadata), private, private, multicast
  // and reserved.
  constexpr std::array<Network, 8> networks = {{{0x00000000, 0xff000000},
                                                {0x0a000000, 0xff000000},
                                                {0x64400000, 0xffc00000},
                                                {0x7f000000, 0xff000000},
                                                {0xa9fe0000, 0xffff0000},
                                                {0xac100000, 0xfff00000},
                                                {0xc0a80000, 0xffff0000},
                                                {0xe0000000, 0xe0000000}}};
  for (const Network& network : networks) {
    if ((address & network.mask) == network.base) return true;
  }
  return false;
}

}  // namespace

Result<UrlOrigin> UrlOrigin::parse(std::string_view url) {
  UrlOrigin origin;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return bad_url(url);
  const auto lower = [](std::string_view text) {
    std::string out(text);
    for (char& c : out) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
  };
  origin.scheme = lower(url.substr(0, colon));
  if (origin.scheme != "http" && origin.scheme != "https") return bad_url(url);
  origin.port = origin.scheme == "http" ? 80 : 443;

  std::string_view rest = url.substr(colon + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  // A backslash or '@' makes readers disagree on where the host ends.
  if (rest.find_first_of("@\\ \t\r\n") != std::string_view::npos) return bad_url(url);
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return bad_url(url);
    origin.host = lower(rest.substr(1, end - 1));
    port = rest.substr(end + 1);
  } else {
    const std::size_t end = rest.find(':');
    origin.host = lower(rest.substr(0, end));
    port = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  }
  if (origin.host.ends_with('.')) origin.host.pop_back();
  if (origin.host.empty()) return bad_url(url);
  if (!port.empty()) {
    const char* end = port.data() + port.size();
    const auto parsed = std::from_chars(port.data() + 1, end, origin.port);
    if (port.front() != ':' || parsed.ec != std::errc{} || parsed.ptr != end) return bad_url(url);
  }
  return origin;
}

bool UrlOrigin::is_loopback() const {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  in_addr v4{};
  if (::inet_aton(host.c_str(), &v4) != 0) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool UrlOrigin::is_private() const {
  if (is_loopback()) return true;
  if (host.find('.') == std::string::npos && host.find(':') == std::string::npos) {
    in_addr number{};
    // A bare name is of the local network; a bare number is an address in disguise.
    return ::inet_aton(host.c_str(), &number) == 0 || is_private_v4(ntohl(number.s_addr));
  }
  in_addr v4{};
  if (::inet_aton(host.c_str(), &v4) != 0) return is_private_v4(ntohl(v4.s_addr));
  in6_addr v6{};
  // Of IPv6 only 2000::/3 is public.
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return (v6.s6_addr[0] & 0xe0) != 0x20;
  return host.ends_with(".local") || host.ends_with(".internal");
}

bool may_follow(const UrlOrigin& endpoint, std::string_view url) {
  const auto target = UrlOrigin::parse(url);
  if (!target) return false;
  if (*target == endpoint) return true;
  if (endpoint.is_loopback() && target->is_loopback()) return true;
  return target->scheme == "https" && !target->is_private();
}

}  // namespace croft

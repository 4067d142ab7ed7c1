#pragma once
/// Where a pull may go: the hub's own endpoint and what it redirects to (threats.md S7).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

/// Scheme, host and port of an address.
struct UrlOrigin {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower case; an IPv6 literal without brackets
  std::uint16_t port = 0;

  /// Errors: InvalidArgument: no http(s) address, a user or password in it, an empty host, a bad
  /// port.
  static Result<UrlOrigin> parse(std::string_view url);

  /// localhost, 127.0.0.0/8 or ::1.
  [[nodiscard]] bool is_loopback() const;
  /// A literal address of this machine or of a private or link-local network, or a name of this
  /// machine.
  [[nodiscard]] bool is_private() const;
  friend bool operator==(const UrlOrigin&, const UrlOrigin&) = default;
};

/// Whether a pull from `endpoint` may follow a redirect to `url`: the same origin, or https to a
/// public host; from an endpoint on this machine also to this machine. A public name that resolves
/// to a private address is not seen here: forbid that at the resolver or proxy.
[[nodiscard]] bool may_follow(const UrlOrigin& endpoint, std::string_view url);

}  // namespace croft

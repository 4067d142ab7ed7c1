#pragma once
/// Who may talk to the server: Host and Origin (threats.md S6), API keys (S8). Pure functions over
/// a request's header.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/http.h"
#include "server/server.h"
#include "store/api_keys.h"

namespace croft {

/// What a route asks of the caller.
enum class RouteAccess : unsigned char {
  Open,     ///< health: never a key
  Keyed,    ///< inference
  Metrics,  ///< open on loopback, a key beyond: an open one leaks what tenants do
};

struct AccessPolicy {
  std::string host;      ///< as bound
  bool loopback = true;  ///< bound to loopback only
  bool require_key = false;
  std::shared_ptr<const ApiKeys> keys = {};
  std::vector<std::string> allowed_hosts = {};
  std::vector<std::string> allowed_origins = {};
};

/// From the options. Errors: Forbidden beyond loopback without a key, naming the command that makes
/// one (S8); InvalidArgument for "*" as an origin beyond loopback; whatever reading the key file
/// says.
Result<AccessPolicy> make_access_policy(const ServerOptions& options);

/// "127.x.y.z", "::1", "localhost".
[[nodiscard]] bool is_loopback_name(std::string_view host);
/// A numeric IPv4 or IPv6 address (brackets allowed), which no DNS answer can forge.
[[nodiscard]] bool is_ip_literal(std::string_view host);
/// "host:port", "[::1]:port" or "host" without the port.
[[nodiscard]] std::string_view host_without_port(std::string_view authority);

/// Errors: Forbidden (Host); InvalidArgument where HTTP/1.1 sent none.
Result<void> check_host(const AccessPolicy& policy, const HttpRequest& request);
/// Errors: Forbidden. The page's own origin and those allowed pass; so does a request without
/// Origin (no browser).
Result<void> check_origin(const AccessPolicy& policy, const HttpRequest& request);
/// The key that a request sends, in either of the two headers; empty: none.
[[nodiscard]] std::string_view presented_key(const HttpRequest& request);
[[nodiscard]] bool needs_key(const AccessPolicy& policy, RouteAccess access);
/// Errors: Unauthorized.
/// The tenant of the key; empty where none is needed and none of ours was sent.
Result<std::string> check_key(const AccessPolicy& policy, RouteAccess access,
                              const HttpRequest& request);

}  // namespace croft

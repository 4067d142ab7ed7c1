#include "server/access.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace croft {
namespace {

std::string_view without_brackets(std::string_view host) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    return host.substr(1, host.size() - 2);
  return host;
}

/// "http://app.example:3000" to "app.example:3000"; empty for "null" and other schemes.
std::string_view origin_authority(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme)) return origin.substr(scheme.size());
  return {};
}

}  // namespace

bool is_ip_literal(std::string_view host) {
  const std::string text(without_brackets(host));
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool is_loopback_name(std::string_view host) {
  host = without_brackets(host);
  if (equals_ignoring_case(host, "localhost") || host == "::1") return true;
  return host.starts_with("127.") && is_ip_literal(host);
}

std::string_view host_without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(0, end + 1);
  }
  const std::size_t colon = authority.rfind(':');
  return colon == std::string_view::npos ? authority : authority.substr(0, colon);
}

Result<AccessPolicy> make_access_policy(const ServerOptions& options) {
  AccessPolicy policy;
  policy.host = options.host;
  policy.loopback = is_loopback_name(options.host);
  policy.require_key = options.require_key || !policy.loopback;
  policy.allowed_hosts = options.allowed_hosts;
  policy.allowed_origins = options.allowed_origins;
  const bool any_origin =
      std::ranges::find(options.allowed_origins, "*") != options.allowed_origins.end();
  if (any_origin && !policy.loopback)
    return fail(ErrorCode::InvalidArgument,
                "the allowed origin \"*\" is refused on " + options.host +
                    ", which is not a loopback address",
                "Name the origins, such as https://app.example", "allowed_origins");
  if (!policy.require_key) return policy;

  ApiKeys keys;
  if (!options.key_file.empty()) keys = TRY(ApiKeys::load(options.key_file));
  if (keys.empty())
    return fail(ErrorCode::Forbidden,
                "serving on " + options.host + " needs an API key, and " +
                    (options.key_file.empty() ? std::string("no key file is given")
                                              : options.key_file.string() + " has none"),
                "The first `croft serve` on such an address makes one; or serve on 127.0.0.1",
                "key_file");
  policy.keys = std::make_shared<const ApiKeys>(std::move(keys));
  return policy;
}

Result<void> check_host(const AccessPolicy& policy, const HttpRequest& request) {
  if (!request.has_header("Host")) {
    // A browser, which is what rebinding needs, always sends it.
    if (request.http_1_0) return {};
    return fail(ErrorCode::InvalidArgument, "the Host header is missing", {}, "Host");
  }
  if (std::ranges::count_if(request.headers, [](const HttpHeader& h) {
        return equals_ignoring_case(h.name, "Host");
      }) > 1)
    return fail(ErrorCode::InvalidArgument, "there is more than one Host header", {}, "Host");
  const std::string_view authority = request.header("Host");
  const std::string_view host = host_without_port(authority);
  if (is_loopback_name(host)) return {};
  // A numeric address cannot be rebound; beyond loopback it is how machines without a name are
  // called.
  if (!policy.loopback && is_ip_literal(host)) return {};
  if (equals_ignoring_case(host, policy.host)) return {};
  for (const std::string& allowed : policy.allowed_hosts)
    if (equals_ignoring_case(host, allowed) || equals_ignoring_case(authority, allowed)) return {};
  return fail(ErrorCode::Forbidden, "the Host header names a host that is not allowed",
              "Add it with --allow-host", "Host");
}

Result<void> check_origin(const AccessPolicy& policy, const HttpRequest& request) {
  if (!request.has_header("Origin")) return {};
  const std::string_view origin = request.header("Origin");
  for (const std::string& allowed : policy.allowed_origins)
    if (allowed == "*" || equals_ignoring_case(origin, allowed)) return {};
  // The server's own pages: Host was checked before, so it cannot be a rebound name.
  const std::string_view authority = origin_authority(origin);
  if (!authority.empty() && equals_ignoring_case(authority, request.header("Host"))) return {};
  return fail(ErrorCode::Forbidden, "the Origin header names a web page that is not allowed",
              "Add it with --allow-origin", "Origin");
}

std::string_view presented_key(const HttpRequest& request) {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view authorization = request.header("Authorization");
  if (authorization.size() > scheme.size() &&
      equals_ignoring_case(authorization.substr(0, scheme.size()), scheme))
    return authorization.substr(scheme.size());
  return request.header("x-api-key");
}

bool needs_key(const AccessPolicy& policy, RouteAccess access) {
  if (access == RouteAccess::Open) return false;
  return policy.require_key || (access == RouteAccess::Metrics && !policy.loopback);
}

Result<std::string> check_key(const AccessPolicy& policy, RouteAccess access,
                              const HttpRequest& request) {
  if (access == RouteAccess::Open) return {};
  const std::string_view key = presented_key(request);
  std::optional<std::size_t> entry;
  if (!key.empty() && policy.keys != nullptr) entry = policy.keys->find(key);
  // A number is no other key's, as a label might be.
  if (entry) return "key " + std::to_string(*entry + 1);
  if (!needs_key(policy, access)) return {};
  if (key.empty())
    return fail(ErrorCode::Unauthorized, "an API key is needed",
                "Send `Authorization: Bearer KEY` or `x-api-key: KEY`");
  return fail(ErrorCode::Unauthorized, "the API key is not valid");
}

}  // namespace croft

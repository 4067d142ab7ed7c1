#include "server/limits/route_rights.h"

#include <algorithm>
#include <array>

namespace croft {
namespace {

struct RouteRow {
  std::string_view method;
  std::string_view route;
  RouteRight right;
};

constexpr std::array<RouteRow, 19> rows = {{
    {"GET", "/livez", RouteRight::Open},
    {"GET", "/readyz", RouteRight::Open},
    {"GET", "/health", RouteRight::Open},
    {"GET", "/metrics", RouteRight::Read},
    {"GET", "/models", RouteRight::Read},
    {"GET", "/v1/models", RouteRight::Read},
    {"GET", "/v1/models/{id}", RouteRight::Read},
    {"GET", "/v1/usage", RouteRight::Read},
    {"POST", "/v1/chat/completions", RouteRight::Ask},
    {"POST", "/v1/completions", RouteRight::Ask},
    {"POST", "/v1/embeddings", RouteRight::Ask},
    {"POST", "/v1/messages", RouteRight::Ask},
    {"POST", "/v1/redact", RouteRight::Ask},
    {"POST", "/v1/route/explain", RouteRight::Ask},
    {"POST", "/tokenize", RouteRight::Ask},
    {"POST", "/detokenize", RouteRight::Ask},
    {"POST", "/apply-template", RouteRight::Ask},
    {"POST", "/models/load", RouteRight::Operate},
    {"POST", "/models/unload", RouteRight::Operate},
}};

std::string_view needed(RouteRight right) {
  return right == RouteRight::Operate ? "operator" : "user";
}

}  // namespace

std::optional<RouteRight> right_for(std::string_view method, std::string_view route) {
  if (method == "HEAD") method = "GET";
  for (const RouteRow& row : rows)
    if (row.method == method && row.route == route) return row.right;
  return std::nullopt;
}

bool role_has(KeyRole role, RouteRight right) {
  switch (right) {
    case RouteRight::Open:
    case RouteRight::Read:
      return true;
    case RouteRight::Ask:
      return role != KeyRole::Viewer;
    case RouteRight::Operate:
      return role == KeyRole::Admin || role == KeyRole::Operator;
  }
  return false;
}

Result<void> check_role(KeyRole role, std::string_view method, std::string_view route) {
  const auto right = right_for(method, route);
  if (right && role_has(role, *right)) return {};
  return fail(ErrorCode::Forbidden,
              "a key with the role " + std::string(key_role_text(role)) + " may not call " +
                  std::string(route),
              right ? "It needs the role " + std::string(needed(*right)) : std::string());
}

}  // namespace croft

#include "router/policy/router_config.h"

#include <algorithm>

namespace croft {

std::string_view route_mode_text(RouteMode mode) {
  switch (mode) {
    case RouteMode::Cascade:
      return "cascade";
    case RouteMode::Local:
      return "local";
    case RouteMode::Cloud:
      return "cloud";
    case RouteMode::Refuse:
      break;
  }
  return "refuse";
}

const RouteConfig* RouterConfig::find_route(std::string_view name) const {
  const auto found = std::ranges::find(routes, name, &RouteConfig::name);
  return found == routes.end() ? nullptr : &*found;
}

const CandidateModel* RouterConfig::find_model(std::string_view name) const {
  const auto found = std::ranges::find(models, name, &CandidateModel::name);
  return found == models.end() ? nullptr : &*found;
}

}  // namespace croft

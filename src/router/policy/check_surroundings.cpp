#include "router/policy/check_surroundings.h"

#include <filesystem>
#include <system_error>

namespace croft {
namespace {

namespace fs = std::filesystem;

void check_file(const fs::path& path, const std::string& place, const std::string& key,
                std::vector<ConfigProblem>& out) {
  std::error_code problem;
  if (path.empty() || fs::is_regular_file(path, problem)) return;
  out.push_back({true, place, key, "names " + path.string() + ", which is no readable file", {}});
}

void check_private(const fs::path& path, const std::string& place, const std::string& key,
                   std::vector<ConfigProblem>& out) {
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (path.empty() || status.type() != fs::file_type::regular) return;
  const fs::perms others = fs::perms::group_all | fs::perms::others_all;
  if ((status.permissions() & others) == fs::perms::none) return;
  out.push_back({true, place, key, "names " + path.string() + ", which others may read or change",
                 "chmod 600 " + path.string()});
}

}  // namespace

std::vector<ConfigProblem> check_surroundings(const RouterConfig& config,
                                              const VariableLookup& variable) {
  std::vector<ConfigProblem> out;
  for (const UpstreamConfig& upstream : config.upstreams) {
    const std::string table = member_key("upstreams", upstream.name);
    if (!upstream.key_env.empty() && !variable(upstream.key_env))
      out.push_back({false, upstream.place, table + ".key_env",
                     "names " + upstream.key_env + ", which is not set here",
                     "Set it where the server runs"});
    check_file(upstream.key_file, upstream.place, table + ".key_file", out);
    check_private(upstream.key_file, upstream.place, table + ".key_file", out);
    check_file(upstream.ca_file, upstream.place, table + ".ca_file", out);
  }
  for (const RouteConfig& route : config.routes) {
    const std::string table = member_key("routes", route.name);
    check_file(route.calibration, route.place, table + ".calibration", out);
    check_file(route.intents, route.place, table + ".intents", out);
  }
  return out;
}

}  // namespace croft

#include "router/dialects/write_request.h"

namespace croft::dialects {

std::vector<Header> request_headers(Dialect dialect, std::string_view key) {
  std::vector<Header> out = {{"Content-Type", "application/json"}};
  if (dialect == Dialect::Anthropic) {
    // The one version that there is; what came since is asked for by fields.
    out.push_back({"anthropic-version", "2023-06-01"});
    if (!key.empty()) out.push_back({"x-api-key", std::string(key)});
  } else if (!key.empty()) {
    out.push_back({"Authorization", "Bearer " + std::string(key)});
  }
  return out;
}

}  // namespace croft::dialects

#include <algorithm>
#include <cmath>

#include "router/policy/import/foreign_tree.h"
#include "router/policy/import/litellm_router.h"

namespace croft {
namespace {

class LiteLlmWriter {
 public:
  explicit LiteLlmWriter(const LiteLlmRouter& router) : router_(router) {}

  [[nodiscard]] std::string write() const {
    std::string out = "# Made by `croft route import` from a LiteLLM configuration.\n";
    for (const LiteLlmUpstream& each : router_.upstreams) write_upstream(out, each);
    for (const LiteLlmDeployment& each : router_.deployments) write_model(out, each);
    for (const LiteLlmGroup& each : router_.groups) write_route(out, each);
    return out;
  }

 private:
  [[nodiscard]] std::vector<std::string> candidates(const LiteLlmGroup& each) const {
    std::vector<std::string> names;
    const auto add = [&](const LiteLlmGroup& from) {
      for (const std::size_t i : from.deployments)
        if (std::ranges::find(names, router_.deployments[i].name) == names.end())
          names.push_back(router_.deployments[i].name);
    };
    add(each);
    for (const std::string& fallback : each.fallbacks)
      add(*std::ranges::find(router_.groups, fallback, &LiteLlmGroup::name));
    return names;
  }

  void write_upstream(std::string& out, const LiteLlmUpstream& each) const {
    out += "\n[upstreams." + toml_text(each.name) + "]\ndialect = " + toml_text(each.dialect) +
           "\nurl = " + toml_text(each.url) + "\n";
    if (each.insecure) out += "insecure_http = true\n";
    if (each.key_env.starts_with("SET_ME")) out += "# Set this variable to the key.\n";
    if (!each.key_env.empty()) out += "key_env = " + toml_text(each.key_env) + "\n";
    if (!each.organization.empty())
      out += "headers = { OpenAI-Organization = " + toml_text(each.organization) + " }\n";
    if (each.total_ms > 0) out += "total_ms = " + toml_number(std::floor(each.total_ms)) + "\n";
    if (each.retries >= 0) out += "retries = " + toml_number(std::floor(each.retries)) + "\n";
    if (router_.breaker_failures > 0)
      out += "breaker_failures = " + toml_number(std::floor(router_.breaker_failures)) + "\n";
    if (router_.cool_down_s > 0)
      out += "breaker_cool_down_s = " + toml_number(std::floor(router_.cool_down_s)) + "\n";
  }

  void write_model(std::string& out, const LiteLlmDeployment& each) const {
    out += "\n[models." + toml_text(each.name) +
           "]\nupstream = " + toml_text(router_.upstreams[each.upstream].name) +
           "\nmodel = " + toml_text(each.model) + "\n";
    if (each.context > 0) out += "context = " + toml_number(std::floor(each.context)) + "\n";
    if (each.free) {
      out += "free = true\n";
    } else {
      out += each.in.empty() ? "# price_in =   # per million tokens\n"
                             : "price_in = " + each.in + "\n";
      out += each.out.empty() ? "# price_out =  # per million tokens\n"
                              : "price_out = " + each.out + "\n";
      if (!each.cached.empty()) out += "price_cached = " + each.cached + "\n";
    }
    if (!each.capabilities.empty()) out += "capabilities = " + toml_texts(each.capabilities) + "\n";
    if (each.weighted) out += "weight = " + toml_number(each.weight) + "\n";
  }

  void write_route(std::string& out, const LiteLlmGroup& each) const {
    out += "\n[routes." + toml_text(each.name) + "]\ncloud = " + toml_texts(candidates(each)) +
           "\ndefault = \"cloud\"\n";
    out += std::string("order = \"") +
           (router_.by_cost           ? "cost"
            : router_.is_listed(each) ? "listed"
                                      : "weighted") +
           "\"\n";
    // LiteLLM sends everything. Croft's default would keep such a route from ever answering where
    // something was found, and "allow" is for a person to write.
    out += "privacy = \"block\"\n";
  }

  const LiteLlmRouter& router_;
};

}  // namespace

std::string write_litellm(const LiteLlmRouter& router) {
  return LiteLlmWriter(router).write();
}

}  // namespace croft

#include "cli/routing_setup.h"

#include <algorithm>

#include "base/log.h"
#include "cli/router_access.h"
#include "io/air_gap.h"
#include "io/sha256.h"
#include "server/version.h"
#include "store/secret_file.h"

namespace croft::cli {
namespace {

/// Errors: NotFound where the variable is not set; as read_secret_file.
Result<std::string> read_key(const UpstreamConfig& upstream) {
  if (!upstream.key_env.empty()) {
    const auto key = process_environment()(upstream.key_env);
    if (key) return *key;
    return fail(ErrorCode::NotFound,
                "the environment variable " + upstream.key_env + " is not set or empty",
                "It must hold the key of this upstream");
  }
  if (!upstream.key_file.empty())
    return read_secret_file(upstream.key_file, process_environment()("CROFT_SECRETS_PASSPHRASE"));
  return std::string();
}

/// At the start, and not at the first request that would have gone there.
Result<void> refuse_upstreams_in_air_gap(const RouterConfig& config) {
  if (!air_gapped() || config.upstreams.empty()) return {};
  std::string names;
  for (const UpstreamConfig& upstream : config.upstreams)
    names += (names.empty() ? "" : ", ") + upstream.name;
  return fail(ErrorCode::Forbidden,
              config.upstreams.front().place + ": --air-gapped forbids to ask upstreams, and " +
                  std::to_string(config.upstreams.size()) + " are configured: " + names,
              "Take [upstreams] and the models and routes that need them out, or start without "
              "--air-gapped (CROFT_AIR_GAPPED, air_gapped)",
              "upstreams." + config.upstreams.front().name);
}

}  // namespace

Result<std::shared_ptr<const RouterConfig>> read_router_config(const Settings& settings) {
  ParsedRouter parsed = TRY(read_router(settings));
  for (const ConfigProblem& problem : parsed.problems)
    if (!problem.is_error) log_warning(problem.sentence());
  std::shared_ptr<const RouterConfig> config = TRY(router_or_error(std::move(parsed)));
  TRY(refuse_upstreams_in_air_gap(*config));
  if (config->routes.empty() && !config->privacy) return nullptr;
  return config;
}

std::vector<std::string> local_models(const RouterConfig& config) {
  std::vector<std::string> names;
  for (const RouteConfig& route : config.routes)
    for (const std::uint32_t index : route.local) {
      const std::string& name = config.models[index].model;
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  return names;
}

Result<void> apply_router_config(std::shared_ptr<const RouterConfig> config,
                                 const std::map<std::string, std::filesystem::path>& paths,
                                 RoutingServices& services) {
  RouterInputs inputs;
  inputs.config = std::move(config);
  inputs.read_key = read_key;
  for (const auto& [name, path] : paths) inputs.served.push_back(name);
  inputs.model_digest = [&](const std::string& name) -> Result<std::string> {
    const auto found = paths.find(name);
    if (found == paths.end() || std::filesystem::is_directory(found->second))
      return fail(ErrorCode::Unsupported, "a calibration needs a model in one file");
    return sha256_file(found->second);
  };
  services.set_state(TRY(make_router_state(inputs, services.state().get())));
  return {};
}

Result<void> start_exporter(const Settings& settings, RoutingServices& services) {
  OtlpOptions options;
  options.endpoint = settings.text("otlp-endpoint");
  if (options.endpoint.empty()) return {};
  TRY(check_may_connect("send spans to --otlp-endpoint " + options.endpoint));
  options.headers = settings.list("otlp-header");
  options.sampling_ratio = settings.real("otlp-sampling");
  options.resource.service_version = kVersion;
  services.set_exporter(TRY(OtlpExporter::make(std::move(options), services.transfers())));
  return {};
}

}  // namespace croft::cli

#include "server/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "base/limits.h"
#include "base/log.h"
#include "cli/access_setup.h"
#include "cli/accounting_setup.h"
#include "cli/database_access.h"
#include "cli/interrupts.h"
#include "cli/model_access.h"
#include "cli/reload_signal.h"
#include "cli/routing_setup.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "io/air_gap.h"
#include "store/api_keys.h"

namespace croft::cli {
namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

LogLevel log_level(std::string_view name) {
  if (name == "debug") return LogLevel::Debug;
  if (name == "warning") return LogLevel::Warning;
  if (name == "error") return LogLevel::Error;
  if (name == "off") return LogLevel::Off;
  return LogLevel::Info;
}

/// Beyond this machine a key is needed; the first start makes it, shows it once and keeps its hash.
Result<void> ensure_key(const std::filesystem::path& key_file) {
  const ApiKeys keys = TRY(ApiKeys::load(key_file));
  if (!keys.empty()) return {};
  std::error_code ignored;  // creating the key reports a folder that is missing
  std::filesystem::create_directories(key_file.parent_path(), ignored);
  const std::string key = TRY(ApiKeys::create(key_file, "first start"));
  const std::string text = "API key, shown this once: " + key +
                           "\nClients send it as `Authorization: Bearer KEY`. Its hash is in " +
                           key_file.string() + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
  return {};
}

/// The name in /v1/models: as asked for, or a path's last part.
std::string published_name(const std::string& asked, const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(asked, ignored)) return asked;
  const auto absolute = std::filesystem::absolute(path, ignored).lexically_normal();
  const auto last = absolute.has_filename() ? absolute : absolute.parent_path();
  return last.extension() == ".gguf" ? last.stem().string() : last.filename().string();
}

std::string url_of(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return "http://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

ServerOptions server_options(const Settings& settings) {
  ServerOptions options;
  options.host = settings.text("host");
  options.port = static_cast<std::uint16_t>(settings.integer("port"));
  options.key_file = key_file_path(settings.text("key-file"), models_root(settings));
  options.require_key = settings.flag("require-key");
  options.allowed_origins = settings.list("allow-origin");
  options.allowed_hosts = settings.list("allow-host");
  options.log_prompts = settings.flag("log-prompts");
  options.drain_seconds = static_cast<int>(settings.integer("drain"));
  options.keep_alive = std::chrono::seconds(settings.integer("keep-alive"));
  options.models_memory_bytes = settings.size("models-memory") * limits::MiB;
  return options;
}

Result<ModelSource> model_source(const Settings& settings, const std::string& asked, bool main) {
  const auto path = TRY(model_path(settings, asked));
  ModelSource source{.name = published_name(asked, path)};
  source.load = [&settings, path, main]() -> Result<std::unique_ptr<TextEngine>> {
    return adapt_engine(
        TRY(main ? open_engine(settings, path, {}) : open_further_engine(settings, path)));
  };
  return source;
}

/// What is known of a model before it is loaded: a wrong file shows at the start, not at the first
/// request.
Result<void> describe(const Settings& settings, const std::string& asked, ModelSource& source) {
  const auto path = TRY(model_path(settings, asked));
  ModelOutlook outlook = TRY(foresee_model(settings, path));
  source.need_bytes = outlook.memory.least();
  source.card = ModelCard{.info = std::move(outlook.summary.info),
                          .config = std::move(outlook.summary.config),
                          .context = outlook.engine.context,
                          .has_chat_template = !outlook.summary.chat_template.empty()};
  return {};
}

Result<void> pin(std::vector<ModelSource>& sources, const std::string& name) {
  std::string names;
  for (ModelSource& source : sources) {
    names += (names.empty() ? "" : ", ") + source.name;
    if (source.name != name) continue;
    source.pinned = true;
    return {};
  }
  return fail(ErrorCode::InvalidArgument, "--pin " + name + " is none of the models served",
              "Those are " + names, "pin");
}

using ModelPaths = std::map<std::string, std::filesystem::path>;

/// Of all that are served, by published name.
Result<ModelPaths> paths_of(const Settings& settings, const std::vector<std::string>& asked) {
  ModelPaths paths;
  for (const std::string& name : asked) {
    const auto path = TRY(model_path(settings, name));
    paths.emplace(published_name(name, path), path);
  }
  return paths;
}

/// The main model, those given beside it, and those that only routes name: loaded when one asks.
Result<std::vector<std::string>> asked_models(const Settings& settings,
                                              const RouterConfig* router) {
  std::vector<std::string> asked = {settings.text("model")};
  for (const std::string& also : settings.list("also")) asked.push_back(also);
  if (router == nullptr) return asked;
  const ModelPaths paths = TRY(paths_of(settings, asked));
  for (const std::string& name : local_models(*router))
    if (!paths.contains(name)) asked.push_back(name);
  return asked;
}

/// The main model first.
Result<std::vector<ModelSource>> model_sources(const Settings& settings,
                                               const std::vector<std::string>& asked) {
  std::vector<ModelSource> sources;
  for (const std::string& name : asked) {
    sources.push_back(TRY(model_source(settings, name, sources.empty())));
    // A single model is loaded at once and needs no foresight, unless there is a budget to meet.
    if (asked.size() > 1 || settings.size("models-memory") != 0)
      TRY(describe(settings, name, sources.back()));
  }
  if (sources.front().need_bytes != 0 && !settings.text("draft").empty()) {
    const auto draft = TRY(model_path(settings, settings.text("draft")));
    sources.front().need_bytes += TRY(foresee_model(settings, draft)).memory.least();
  }
  for (const std::string& name : settings.list("pin")) TRY(pin(sources, name));
  return sources;
}

/// What is under way goes on as it began. Anything wrong leaves all as it was.
void reload_routes(const Settings& settings, const ModelPaths& paths,
                   const std::shared_ptr<RoutingServices>& routing) {
  const auto applied = [&]() -> Result<void> {
    const std::shared_ptr<const RouterConfig> router = TRY(read_router_config(settings));
    if (router) return apply_router_config(router, paths, *routing);
    routing->set_state(nullptr);
    return {};
  }();
  if (applied)
    log_info("routes were read again");
  else
    log_error("the routes stay as they were: " + applied.error().to_string());
}

/// A core file would hold prompts, keys and what pseudonyms stand for (threats.md W2). One byte,
/// not none: the kernel gives a program that collects core files everything at 0, nothing at 1
/// (core(5)).
void forbid_core_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1);
  if (setrlimit(RLIMIT_CORE, &limit) != 0) log_warning("core files could not be forbidden");
}

}  // namespace

Result<int> serve_verb(const Settings& settings) {
  init_log(log_level(settings.text("log-level")), settings.flag("log-json"));
  forbid_core_files();
  const std::shared_ptr<const RouterConfig> router = TRY(read_router_config(settings));
  const std::vector<std::string> asked = TRY(asked_models(settings, router.get()));
  const ModelPaths paths = TRY(paths_of(settings, asked));
  std::vector<ModelSource> models = TRY(model_sources(settings, asked));
  ServerOptions options = server_options(settings);
  // Before all other threads: they inherit that SIGHUP is not theirs.
  std::atomic<bool> routing_ready{false};
  const ReloadSignal reload([&] {
    if (routing_ready) reload_routes(settings, paths, options.routing);
  });
  options.routing = std::make_shared<RoutingServices>();
  if (router) TRY(apply_router_config(router, paths, *options.routing));
  TRY(start_exporter(settings, *options.routing));
  options.accountant = TRY(make_accountant(settings, router.get()));
  if (options.accountant) options.usage = std::make_shared<UsageReader>(database_address(settings));
  routing_ready = true;
  if (options.require_key || !is_loopback(options.host)) TRY(ensure_key(options.key_file));
  const std::unique_ptr<AccessService> access = TRY(AccessService::start(settings, options));
  if (access) options.control = access->control();
  Interrupts interrupts;
  TRY(run_server(
      options, std::move(models),
      [&](std::uint16_t port) -> Result<void> {
        if (Result<void> sealed = seal_air_gap(); !sealed) return sealed;
        if (air_gapped()) log_info("air-gapped: this server connects to nothing");
        // A script that closed our output still wants the server.
        static_cast<void>(print_line("listening on " + url_of(options.host, port)));
        return {};
      },
      interrupts.begin()));
  return 0;
}

}  // namespace croft::cli

#pragma once
/// The HTTP server: OpenAI's dialect over one or more models. Beast is seen by http_server.cpp
/// only.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "server/accounting/accountant.h"
#include "server/accounting/usage_reader.h"
#include "server/limits/access_control.h"
#include "server/model_house.h"
#include "server/routing/router_state.h"

namespace croft {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free port, told to on_listening
  std::filesystem::path
      key_file;              ///< hashed API keys (store/api_keys.h); consulted beyond loopback
  bool require_key = false;  ///< also on loopback
  std::vector<std::string>
      allowed_origins;  ///< browser origins besides none; "*" is refused beyond loopback
  std::vector<std::string> allowed_hosts;  ///< Host header values besides loopback names and `host`
  bool log_prompts = false;
  int drain_seconds = 15;
  std::chrono::seconds keep_alive{
      300};  ///< of an idle model that is not pinned; negative: for ever
  std::uint64_t models_memory_bytes = 0;  ///< of all models; 0: as the machine has room
  std::shared_ptr<RoutingServices> routing =
      {};                                       ///< who made it may give it new states; null: none
  std::shared_ptr<Accountant> accountant = {};  ///< null: no ledger is kept
  std::shared_ptr<UsageReader> usage = {};      ///< beside the accountant
  /// Keys with roles, limits and budgets; null: the key file alone decides.
  std::shared_ptr<AccessControl> control = {};
};

/// Listens at once (/livez 200, /readyz 503), loads the main model (the first) and the pinned ones
/// on a thread of its own and the others when they are asked for, serves until `stop` is requested,
/// then drains: new requests get 503, running ones have drain_seconds. `on_listening` is called
/// once, before anything is accepted. Errors: its own; Io (address in use, named); what
/// check_models() says; whatever loading the main or a pinned model said.
Result<void> run_server(const ServerOptions& options, std::vector<ModelSource> models,
                        std::function<Result<void>(std::uint16_t port)> on_listening,
                        std::stop_token stop);

}  // namespace croft

#pragma once
/// The HTTP server: OpenAI's dialect over one engine. Beast is seen by http_server.cpp only.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"

namespace croft {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free port, told to on_listening
  std::string model_name;     ///< name published in /v1/models
  std::filesystem::path
      key_file;              ///< hashed API keys (store/api_keys.h); consulted beyond loopback
  bool require_key = false;  ///< also on loopback
  std::vector<std::string>
      allowed_origins;  ///< browser origins besides none; "*" is refused beyond loopback
  std::vector<std::string> allowed_hosts;  ///< Host header values besides loopback names and `host`
  bool log_prompts = false;
  int drain_seconds = 15;
};

/// Listens at once (/livez 200, /readyz 503), calls `load` on a thread of its own, serves until
/// `stop` is requested, then drains: new requests get 503, running ones have drain_seconds. Errors:
/// Io (address in use, named); whatever `load` returned.
Result<void> run_server(const ServerOptions& options,
                        std::function<Result<std::unique_ptr<Engine>>()> load,
                        std::function<void(std::uint16_t port)> on_listening, std::stop_token stop);

}  // namespace croft

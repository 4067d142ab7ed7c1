#include "cli/checkup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>

#include "base/cpu.h"
#include "base/limits.h"
#include "base/machine_memory.h"
#include "base/thread_pool.h"
#include "cli/terminal.h"
#include "model/memory_plan.h"
#include "model/model.h"
#include "store/api_keys.h"
#include "store/model_library.h"

namespace croft::cli {
namespace {

using State = Finding::State;

// A small model with its cache; below that even the default model is in trouble.
constexpr std::uint64_t kMemoryUseful = 512 * limits::MiB;
constexpr std::uint64_t kDiskUseful = 1 * limits::GiB;

std::filesystem::path nearest_existing(std::filesystem::path path) {
  std::error_code ignored;
  while (!path.empty() && !std::filesystem::exists(path, ignored) && path != path.parent_path())
    path = path.parent_path();
  return path;
}

std::string size_text(std::uint64_t bytes) {
  return human_bytes(static_cast<double>(bytes));
}

/// Tries to listen on one address; 0, or errno.
int try_bind(const addrinfo& address) {
  const int socket =
      ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
  if (socket < 0) return errno;
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound =
      ::bind(socket, address.ai_addr, address.ai_addrlen) == 0 && ::listen(socket, 1) == 0;
  const int problem = bound ? 0 : errno;
  ::close(socket);
  return problem;
}

}  // namespace

std::filesystem::path first_closed_parent(const std::filesystem::path& path) {
  std::filesystem::path so_far;
  for (const auto& part : path.parent_path()) {
    so_far /= part;
    if (::access(so_far.c_str(), X_OK) != 0 && errno == EACCES) return so_far;
  }
  return {};
}

Finding check_cpu() {
  const auto isa = chosen_isa();
  if (!isa) return {"cpu", State::Problem, isa.error().message, isa.error().hint};
  const std::string name = cpu_model_name().empty() ? "unknown processor" : cpu_model_name();
  Finding finding{"cpu",
                  State::Fine,
                  name + ", " + std::to_string(available_cpus()) + " CPUs, kernels " +
                      std::string(isa_name(*isa)),
                  {}};
  if (*isa == Isa::Portable) {
    finding.state = State::Note;
    finding.hint = "Without AVX2 answers are several times slower";
  }
  return finding;
}

Finding check_memory() {
  const MachineMemory memory = machine_memory();
  const std::uint64_t left = memory.available;
  Finding finding{
      "memory", State::Fine, size_text(left) + " of " + size_text(memory.total) + " available", {}};
  if (left < kMemoryUseful) {
    finding.state = State::Problem;
    finding.hint = "A small model needs about " + size_text(kMemoryUseful) + "; end something else";
  }
  return finding;
}

Finding check_models_folder(const std::filesystem::path& root) {
  const std::string name = "models folder";
  if (const auto closed = first_closed_parent(root); !closed.empty())
    return {name, State::Problem, "this user may not enter " + closed.string(),
            "Allow it with `chmod a+x " + closed.string() + "`, or set --models-dir"};
  const auto existing = nearest_existing(root);
  if (existing == root && ::access(root.c_str(), R_OK | X_OK) != 0)
    return {name, State::Problem, "this user may not read " + root.string(),
            "Give this user read permission, or set --models-dir"};
  if (::access(existing.c_str(), W_OK) != 0)
    return {name, existing == root ? State::Note : State::Problem,
            "this user may not write to " + existing.string(),
            "Installing models needs write permission there, or another --models-dir"};
  return {name,
          State::Fine,
          root.string() + (existing == root ? "" : " (made by the first `croft pull`)"),
          {}};
}

Finding check_models(const std::filesystem::path& root) {
  const auto models = list_models(root);
  if (!models) return {"models", State::Problem, models.error().message, models.error().hint};
  for (const InstalledModel& model : *models)
    if (!model.problem.empty())
      return {"models", State::Problem, model.name + ": " + model.problem,
              "`croft rm " + model.name + "` removes it"};
  if (models->empty())
    return {"models", State::Note, "none installed", "`croft pull smollm2:135m` gets a small one"};
  Finding finding{"models", State::Fine, std::to_string(models->size()) + " installed", {}};
  const std::uint64_t left = machine_memory().available;
  for (const InstalledModel& model : *models) {
    const auto summary = summarize_model(model.path);
    if (!summary || !summary->problem.empty()) continue;
    const MemoryPlan plan = plan_memory(
        summary->config,
        {.file_bytes = summary->info.file_bytes, .context = usual_context(summary->config)});
    if (plan.least() <= left) continue;
    finding.state = State::Note;
    finding.text += "; " + model.name + " needs " + size_text(plan.least()) + ", " +
                    size_text(left) + " are free";
    finding.hint = "End other programs, or use a smaller model or --context";
  }
  return finding;
}

Finding check_disk(const std::filesystem::path& root) {
  std::error_code problem;
  const auto space = std::filesystem::space(nearest_existing(root), problem);
  if (problem) return {"disk", State::Note, "free space is unknown: " + problem.message(), {}};
  Finding finding{"disk", State::Fine, size_text(space.available) + " free", {}};
  if (space.available < kDiskUseful) {
    finding.state = State::Note;
    finding.hint = "Larger models will not fit; set --models-dir to another disk";
  }
  return finding;
}

Finding check_port(const std::string& host, std::uint16_t port) {
  const std::string place = host + " port " + std::to_string(port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
      problem != 0)
    return {"port", State::Problem, "host " + host + " is unknown: " + ::gai_strerror(problem),
            "Set --host of `croft serve` to an address of this machine"};
  const int problem = try_bind(*found);
  ::freeaddrinfo(found);
  if (problem == 0) return {"port", State::Fine, place + " is free", {}};
  return {"port", State::Problem, place + " cannot be used: " + std::strerror(problem),
          problem == EADDRINUSE ? "Another program listens there; choose another --port for `serve`"
                                : "Choose another --host or --port for `serve`"};
}

Finding check_key_file(const std::filesystem::path& key_file) {
  const auto keys = ApiKeys::load(key_file);
  if (!keys) return {"key file", State::Problem, keys.error().message, keys.error().hint};
  if (keys->empty())
    return {"key file",
            State::Fine,
            "no keys yet; the first `croft serve` beyond 127.0.0.1 makes one",
            {}};
  return {
      "key file", State::Fine, std::to_string(keys->size()) + " keys in " + key_file.string(), {}};
}

}  // namespace croft::cli

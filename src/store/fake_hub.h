#pragma once
/// For tests of src/store: runs tests/hub/fake_hub.py on a free port of 127.0.0.1.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace croft {

class FakeHub {
 public:
  FakeHub() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string python = "python3";
    std::string script = CROFT_SOURCE_DIR "/tests/hub/fake_hub.py";
    char* arguments[] = {python.data(), script.data(), nullptr};
    if (::posix_spawnp(&child_, python.c_str(), &actions, nullptr, arguments, environ) != 0) {
      child_ = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    char c = 0;
    while (child_ > 0 && ::read(ends[0], &c, 1) == 1 && c != '\n') port_ += c;
    ::close(ends[0]);
  }
  FakeHub(const FakeHub&) = delete;
  FakeHub& operator=(const FakeHub&) = delete;
  ~FakeHub() {
    if (child_ <= 0) return;
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }

  /// False where there is no python3.
  [[nodiscard]] bool runs() const { return !port_.empty(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_; }

 private:
  pid_t child_ = -1;
  std::string port_;
};

}  // namespace croft

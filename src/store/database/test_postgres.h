#pragma once
/// For tests only: a real PostgreSQL server of the machine's packages, in a folder of its own, on a
/// Unix socket only, as another user where we are root (it refuses root). It ends with the test.

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "store/database/database.h"

namespace croft {

class TestPostgres {
 public:
  /// Null where no server is installed: the test is skipped and says so.
  static std::optional<std::filesystem::path> programs() {
    std::vector<std::filesystem::path> found;
    std::error_code ignored;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored))
      if (std::filesystem::exists(version.path() / "bin" / "initdb"))
        found.push_back(version.path() / "bin");
    if (found.empty()) return std::nullopt;
    return *std::ranges::max_element(found);
  }

  TestPostgres() : programs_(programs().value()) {
    std::string name = (std::filesystem::temp_directory_path() / "croft-pg-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    folder_ = name;
    if (::geteuid() == 0) {
      user_ = ::getpwnam("postgres");
      if (user_ == nullptr) user_ = ::getpwnam("nobody");
      if (user_ == nullptr || ::chown(name.c_str(), user_->pw_uid, user_->pw_gid) != 0)
        throw std::runtime_error("no user to run PostgreSQL as");
    }
    ::chmod(name.c_str(), 0755);
    const int status = wait_for(run({"initdb", "-D", data(), "-U", "croft", "-A", "trust",
                                     "--no-sync", "-E", "UTF8", "--locale=C"}));
    if (status != 0) throw std::runtime_error("initdb failed; see " + log());
    start();
  }
  TestPostgres(const TestPostgres&) = delete;
  TestPostgres& operator=(const TestPostgres&) = delete;
  ~TestPostgres() {
    stop(SIGQUIT);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  /// `settings`: "name=value" of postgresql.conf.
  void start(const std::vector<std::string>& settings = {}) {
    std::vector<std::string> words = {
        "postgres",           "-D", data(),      "-k", folder_.string(),     "-c",
        "listen_addresses=",  "-c", "fsync=off", "-c", "max_connections=40", "-c",
        "shared_buffers=16MB"};
    for (const std::string& setting : settings) {
      words.emplace_back("-c");
      words.push_back(setting);
    }
    server_ = run(words);
    // Minutes, because the machine may be busy with anything.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(3);
    while (!Database::open(address())) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("PostgreSQL did not start; see " + log());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  /// SIGINT: at once, but in order. SIGQUIT: as if it crashed.
  void stop(int signal = SIGINT) {
    if (server_ <= 0) return;
    ::kill(server_, signal);
    wait_for(std::exchange(server_, -1));
  }

  [[nodiscard]] std::string address(const std::string& name = "postgres") const {
    return "postgres://croft@/" + name + "?host=" + folder_.string();
  }
  [[nodiscard]] pid_t process() const { return server_; }

 private:
  [[nodiscard]] std::string data() const { return (folder_ / "data").string(); }
  [[nodiscard]] std::string log() const { return (folder_ / "log").string(); }

  pid_t run(const std::vector<std::string>& words) {
    const std::string program = (programs_ / words.front()).string();
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const std::string log_path = log();
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child > 0) return child;
    if (user_ != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user_->pw_gid) != 0 ||
                             ::setuid(user_->pw_uid) != 0))
      ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // it must not outlive a test that crashed
    const int out = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(out, 1);
    ::dup2(out, 2);
    if (::chdir("/") == 0) ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  static int wait_for(pid_t child) {
    int status = -1;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }

  std::filesystem::path programs_;
  std::filesystem::path folder_;
  const passwd* user_ = nullptr;
  pid_t server_ = -1;
};

}  // namespace croft

#pragma once

/// Clock, CPU time, sockets and epoll for the programs of this folder. What cannot be had ends the
/// program with a sentence and status 1: there is nothing to measure without it.

#include <sys/epoll.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace croft::overhead {

[[noreturn]] void fail(const std::string& sentence);

/// Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
inline std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// User and system time of this process so far, in microseconds.
std::int64_t cpu_us();

/// Listens on 127.0.0.1; without blocking. Port 0 takes a free one. Returns the descriptor, and the
/// port in `port`.
int listen_on(std::uint16_t& port);
/// The next connection, without blocking and without delay for small pieces; -1 where there is
/// none.
int accept_from(int listener);
/// Connects to a host and port; -1 where that fails. The descriptor does not block afterwards.
int connect_to(const std::string& host, std::uint16_t port);

/// Set by SIGTERM and SIGINT, which `Poll::wait` returns from.
bool asked_to_stop();

/// One epoll instance, level-triggered.
class Poll {
 public:
  Poll();
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  void add(int descriptor, std::uint32_t events, std::uint64_t data);
  void change(int descriptor, std::uint32_t events, std::uint64_t data);
  /// Waits until something is ready or `until_ns` is reached (negative: for ever); returns how many
  /// are in `ready`.
  std::size_t wait(std::int64_t until_ns);
  epoll_event ready[256];

 private:
  int descriptor_;
};

}  // namespace croft::overhead

#include "machine.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

namespace croft::overhead {
namespace {

volatile std::sig_atomic_t stop_signals = 0;

void count_signal(int) {
  stop_signals = 1;
}

void without_delay(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

void fail(const std::string& sentence) {
  std::fprintf(stderr, "overhead_bench: %s\n", sentence.c_str());
  std::exit(1);
}

std::int64_t cpu_us() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return (std::int64_t{used.ru_utime.tv_sec} + used.ru_stime.tv_sec) * 1'000'000 +
         used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

int listen_on(std::uint16_t& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (listener < 0 || bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener, 1024) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    fail("cannot listen on port " + std::to_string(port) + ": " + std::strerror(errno));
  }
  port = ntohs(address.sin_port);
  return listener;
}

int accept_from(int listener) {
  const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0) without_delay(descriptor);
  return descriptor;
}

int connect_to(const std::string& host, std::uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
      error != 0) {
    fail("no address for " + host + ": " + gai_strerror(error));
  }
  int descriptor = -1;
  for (const addrinfo* at = found; at != nullptr && descriptor < 0; at = at->ai_next) {
    descriptor = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, at->ai_addr, at->ai_addrlen) != 0) {
      close(descriptor);
      descriptor = -1;
    }
  }
  freeaddrinfo(found);
  if (descriptor < 0) return -1;
  without_delay(descriptor);
  fcntl(descriptor, F_SETFL, O_NONBLOCK);  // only connecting may wait
  return descriptor;
}

bool asked_to_stop() {
  return stop_signals != 0;
}

Poll::Poll() : ready{}, descriptor_(epoll_create1(EPOLL_CLOEXEC)) {
  if (descriptor_ < 0) fail(std::string("no epoll: ") + std::strerror(errno));
  prctl(PR_SET_TIMERSLACK, 1000UL);  // waits end within a microsecond of their time, not 50
  struct sigaction action{};
  action.sa_handler = count_signal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Poll::~Poll() {
  close(descriptor_);
}

void Poll::add(int descriptor, std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  if (epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &event) != 0)
    fail(std::string("epoll: ") + std::strerror(errno));
}

void Poll::change(int descriptor, std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  if (epoll_ctl(descriptor_, EPOLL_CTL_MOD, descriptor, &event) != 0)
    fail(std::string("epoll: ") + std::strerror(errno));
}

std::size_t Poll::wait(std::int64_t until_ns) {
  const std::int64_t left = until_ns < 0 ? 0 : std::max<std::int64_t>(0, until_ns - now_ns());
  timespec time{};
  time.tv_sec = left / 1'000'000'000;
  time.tv_nsec = left % 1'000'000'000;
  const int count = epoll_pwait2(descriptor_, ready, static_cast<int>(std::size(ready)),
                                 until_ns < 0 ? nullptr : &time, nullptr);
  if (count < 0 && errno != EINTR) fail(std::string("epoll: ") + std::strerror(errno));
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

}  // namespace croft::overhead

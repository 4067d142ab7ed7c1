#include "cli/reload_signal.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

#include "base/check.h"

namespace croft::cli {

struct ReloadSignal::State {
  std::function<void()> on_reload;
  sigset_t before{};
  int signals = -1;
  int stop = -1;
  std::thread thread;

  void watch() const {
    while (true) {
      std::array<pollfd, 2> waits = {pollfd{signals, POLLIN, 0}, pollfd{stop, POLLIN, 0}};
      if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
      if (waits[1].revents != 0) return;
      if (waits[0].revents == 0) continue;
      signalfd_siginfo info{};
      if (::read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) on_reload();
    }
  }
};

ReloadSignal::ReloadSignal(std::function<void()> on_reload) : state_(std::make_unique<State>()) {
  state_->on_reload = std::move(on_reload);
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  CHECK(::pthread_sigmask(SIG_BLOCK, &hangup, &state_->before) == 0);
  state_->signals = ::signalfd(-1, &hangup, SFD_CLOEXEC);
  state_->stop = ::eventfd(0, EFD_CLOEXEC);
  CHECK(state_->signals >= 0 && state_->stop >= 0);
  state_->thread = std::thread([state = state_.get()] { state->watch(); });
}

ReloadSignal::~ReloadSignal() {
  const std::uint64_t one = 1;
  CHECK(::write(state_->stop, &one, sizeof one) == sizeof one);
  state_->thread.join();
  ::close(state_->signals);
  ::close(state_->stop);
  ::pthread_sigmask(SIG_SETMASK, &state_->before, nullptr);
}

}  // namespace croft::cli

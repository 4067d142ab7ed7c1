#include "cli/interrupts.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <thread>

#include "base/check.h"

namespace croft::cli {
namespace {

// A signal handler may touch lock-free atomics and write() only, so it sends a byte to a thread
// that may do the rest.
std::atomic<int> signals_count{0};
std::atomic<int> pipe_write{-1};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void on_signal(int) {
  const int saved = errno;
  if (signals_count.fetch_add(1) >= 1) ::_exit(exit_interrupted);
  const char byte = 's';
  static_cast<void>(!::write(pipe_write.load(), &byte, 1));
  errno = saved;
}

}  // namespace

struct Interrupts::State {
  std::array<int, 2> pipe{};
  std::array<struct sigaction, 2> previous{};
  std::mutex mutex;
  std::stop_source source;
  std::thread watcher;

  void watch() {
    char byte = 0;
    while (::read(pipe[0], &byte, 1) == 1 && byte == 's') {
      const std::scoped_lock lock(mutex);
      source.request_stop();
    }
  }
};

Interrupts::Interrupts() : state_(std::make_unique<State>()) {
  CHECK(::pipe(state_->pipe.data()) == 0);
  pipe_write = state_->pipe[1];
  signals_count = 0;
  // The watcher takes no signals itself: they must interrupt the main thread's read.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  state_->watcher = std::thread([state = state_.get()] { state->watch(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);

  struct sigaction action{};
  action.sa_handler = on_signal;  // without SA_RESTART: a read at the prompt returns
  sigaction(SIGINT, &action, &state_->previous[0]);
  sigaction(SIGTERM, &action, &state_->previous[1]);
}

Interrupts::~Interrupts() {
  sigaction(SIGINT, &state_->previous[0], nullptr);
  sigaction(SIGTERM, &state_->previous[1], nullptr);
  const char end = 'e';
  static_cast<void>(!::write(state_->pipe[1], &end, 1));
  state_->watcher.join();
  ::close(state_->pipe[0]);
  ::close(state_->pipe[1]);
}

std::stop_token Interrupts::begin() {
  const std::scoped_lock lock(state_->mutex);
  state_->source = std::stop_source();
  signals_count = 0;
  return state_->source.get_token();
}

int Interrupts::count() const {
  return signals_count;
}

}  // namespace croft::cli

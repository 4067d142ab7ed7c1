#include "io/http_transfers.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "io/http_receiver.h"
#include "io/transfer.h"

namespace croft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long connections_kept = 256;
constexpr std::size_t handles_kept = 128;
constexpr int events_at_once = 64;
/// Where the thread has other work: what the first pieces lead to is done before the next are read,
/// else requests that came together stay together for ever.
constexpr int events_between_other_work = 4;
/// Commands that a drive's own listeners push are taken in the same drive so many times.
constexpr int rounds_max = 8;
constexpr auto never = Clock::time_point::max();

struct FileHandle {
  explicit FileHandle(int opened) : number(opened) { CHECK(number >= 0); }
  ~FileHandle() { ::close(number); }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  const int number;
};

/// Of an event or timer file: its count tells nothing that we need.
void drain(int file) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t bytes = ::read(file, &count, sizeof count);
}

}  // namespace

/// libcurl says which sockets to watch and when to call it; both, the wake-up and all time-outs go
/// through one epoll set. So that one thread can wait for transfers and for other things, the set
/// can be handed to whoever waits for those.
struct HttpTransfers::Impl {
  struct Command {
    Id id = 0;
    std::unique_ptr<Transfer> start = {};  ///< null: cancel, or run the task
    std::function<void()> task = {};
    Clock::time_point task_due = {};
  };

  Impl() {
    init_http();
    multi = curl_multi_init();
    CHECK(multi != nullptr);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections_kept);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    watch(wake.number, EPOLLIN, EPOLL_CTL_ADD);
    watch(timer.number, EPOLLIN, EPOLL_CTL_ADD);
    start_thread();
  }
  ~Impl() {
    stop_thread();
    end_all();
    spare.clear();
    curl_multi_cleanup(multi);
  }

  void start_thread() {
    stopping = false;
    thread = std::thread([this] {
      while (!stopping) wait_and_drive(-1, events_at_once);
    });
  }
  void stop_thread() {
    if (!thread.joinable()) return;
    stopping = true;
    ring();
    thread.join();
  }

  /// Whoever waits hears of the end: tasks run at once, transfers are cancelled, and so is what
  /// either of them begins.
  void end_all() {
    do {
      take_commands();
      run_tasks(never);
      while (!transfers.empty()) cancel(transfers.begin()->first);
    } while (has_commands());
  }

  void push(Command command) {
    {
      const MutexLock lock(mutex);
      commands.push_back(std::move(command));
    }
    // A drive looks for commands of its own listeners before it ends.
    if (driver.load(std::memory_order_relaxed) != std::this_thread::get_id()) ring();
  }

  void ring() {
    if (rung.exchange(true)) return;
    const std::uint64_t one = 1;
    CHECK(::write(wake.number, &one, sizeof one) == sizeof one);
  }

  /// Waits up to `milliseconds` (-1: for ever) for something to do, and does it.
  void wait_and_drive(int milliseconds, int events_max) {
    std::array<epoll_event, events_at_once> events;
    const int ready = ::epoll_wait(set.number, events.data(), events_max, milliseconds);
    driver = std::this_thread::get_id();
    for (int i = 0; i < ready; ++i) take_event(events[static_cast<std::size_t>(i)]);
    go_on();
  }

  /// Does what does not have to wait for a socket.
  void go_on() {
    driver = std::this_thread::get_id();
    int round = 0;
    do {
      const auto now = Clock::now();
      take_commands();
      run_tasks(now);
      if (curl_due <= now) call_curl(CURL_SOCKET_TIMEOUT, 0);
      take_outcomes();
      end_overdue(now);
    } while ((has_commands() || curl_due <= Clock::now()) && ++round < rounds_max);
    arm_timer();
    driver = std::thread::id();
    if (has_commands()) ring();
  }

  void take_event(const epoll_event& event) {
    if (event.data.fd == wake.number) {
      drain(wake.number);
      rung = false;
    } else if (event.data.fd == timer.number) {
      drain(timer.number);
      armed_for = never;
    } else {
      int mask = 0;
      if ((event.events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
      if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
      call_curl(event.data.fd, mask);
    }
  }

  void call_curl(curl_socket_t socket, int mask) {
    if (socket == CURL_SOCKET_TIMEOUT) curl_due = never;
    int active = 0;
    CHECK(curl_multi_socket_action(multi, socket, mask, &active) == CURLM_OK);
  }

  void watch(int socket, std::uint32_t events, int operation) {
    epoll_event event = {};
    event.events = events;
    event.data.fd = socket;
    // Without memory for it the socket stays silent, and its transfer ends by time-out.
    if (::epoll_ctl(set.number, operation, socket, &event) != 0 && operation == EPOLL_CTL_MOD)
      static_cast<void>(::epoll_ctl(set.number, EPOLL_CTL_ADD, socket, &event));
  }

  static int on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* known) {
    auto& impl = *static_cast<Impl*>(self);
    if (what == CURL_POLL_REMOVE) {
      impl.watch(socket, 0, EPOLL_CTL_DEL);
      return 0;
    }
    const std::uint32_t events = ((what & CURL_POLL_IN) != 0 ? std::uint32_t{EPOLLIN} : 0u) |
                                 ((what & CURL_POLL_OUT) != 0 ? std::uint32_t{EPOLLOUT} : 0u);
    impl.watch(socket, events, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD);
    if (known == nullptr) curl_multi_assign(impl.multi, socket, self);
    return 0;
  }

  static int on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
    static_cast<Impl*>(self)->curl_due =
        milliseconds < 0 ? never : Clock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }

  /// An alarm that is too early costs a look, so it is only ever moved forward.
  void arm_timer() {
    auto wanted = std::min(curl_due, look_at);
    if (!tasks.empty()) wanted = std::min(wanted, tasks.begin()->first);
    if (wanted >= armed_for) return;
    armed_for = wanted;
    // The steady clock is CLOCK_MONOTONIC; the time 0 would disarm.
    const auto since = std::max(std::chrono::nanoseconds(1), wanted.time_since_epoch());
    constexpr std::int64_t second = 1'000'000'000;
    itimerspec when = {};
    when.it_value.tv_sec = since.count() / second;
    when.it_value.tv_nsec = since.count() % second;
    CHECK(::timerfd_settime(timer.number, TFD_TIMER_ABSTIME, &when, nullptr) == 0);
  }

  [[nodiscard]] bool has_commands() {
    const MutexLock lock(mutex);
    return !commands.empty();
  }

  void take_commands() {
    {
      const MutexLock lock(mutex);
      taken.swap(commands);
    }
    for (Command& command : taken) {
      if (command.start)
        begin(command.id, std::move(command.start));
      else if (!command.task)
        cancel(command.id);
      else
        tasks.emplace(command.task_due, std::move(command.task));
    }
    taken.clear();
  }

  void run_tasks(Clock::time_point until) {
    while (!tasks.empty() && tasks.begin()->first <= until) {
      const std::function<void()> task = std::move(tasks.begin()->second);
      tasks.erase(tasks.begin());
      task();
    }
  }

  void begin(Id id, std::unique_ptr<Transfer> transfer) {
    const auto now = Clock::now();
    CurlHandle easy;
    if (!spare.empty()) {
      easy = std::move(spare.back());
      spare.pop_back();
    } else {
      easy.reset(curl_easy_init());
      CHECK(easy != nullptr);
    }
    if (Result<void> ready = transfer->prepare(easy.get(), now); !ready) {
      --count;
      transfer->end(nullptr, ready.error(), now);
      return;
    }
    CHECK(curl_multi_add_handle(multi, easy.get()) == CURLM_OK);
    ids[easy.get()] = id;
    transfer->easy = std::move(easy);
    transfers.emplace(id, std::move(transfer));
  }

  void take_outcomes() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      const auto found = transfers.find(ids.at(message->easy_handle));
      finish(found, found->second->outcome(code));
    }
  }

  using Place = std::unordered_map<Id, std::unique_ptr<Transfer>>::iterator;
  void finish(Place place, std::optional<Error> error) {
    const std::unique_ptr<Transfer> transfer = std::move(place->second);
    transfers.erase(place);
    --count;
    CurlHandle easy = std::move(transfer->easy);
    ids.erase(easy.get());
    curl_multi_remove_handle(multi, easy.get());
    transfer->end(easy.get(), std::move(error), Clock::now());
    if (spare.size() >= handles_kept) return;
    curl_easy_reset(easy.get());  // connections and names stay with the multi handle
    spare.push_back(std::move(easy));
  }

  void cancel(Id id) {
    const auto found = transfers.find(id);
    if (found == transfers.end()) return;
    finish(found, Error{ErrorCode::Cancelled, "the request to the upstream was cancelled", {}, {}});
  }

  /// Ends what has waited too long.
  void end_overdue(Clock::time_point now) {
    if (now < look_at) return;
    look_at = never;
    std::vector<Id> overdue;
    for (const auto& [id, transfer] : transfers) {
      if (transfer->due() <= now)
        overdue.push_back(id);
      else
        look_at = std::min(look_at, transfer->due());
    }
    for (const Id id : overdue) {
      const auto found = transfers.find(id);
      finish(found, found->second->timeout_error(now));
    }
  }

  const FileHandle set{::epoll_create1(EPOLL_CLOEXEC)};
  const FileHandle wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  const FileHandle timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  CURLM* multi = nullptr;
  std::unordered_map<Id, std::unique_ptr<Transfer>> transfers;
  std::unordered_map<CURL*, Id> ids;
  std::vector<CurlHandle> spare;
  std::multimap<Clock::time_point, std::function<void()>> tasks;
  Clock::time_point curl_due = never;   ///< when libcurl wants to be called
  Clock::time_point look_at = never;    ///< when a transfer may have waited too long
  Clock::time_point armed_for = never;  ///< when the timer fires
  std::vector<Command> taken;
  std::atomic<bool> stopping{false};
  std::atomic<bool> rung{false};
  std::atomic<std::thread::id> driver{};  ///< the thread inside drive()
  std::atomic<std::size_t> count{0};
  std::atomic<Id> next_id{1};
  Mutex mutex;
  std::vector<Command> commands GUARDED_BY(mutex);
  std::thread thread;
};

HttpTransfers::HttpTransfers() : impl_(std::make_unique<Impl>()) {}
HttpTransfers::~HttpTransfers() = default;

int HttpTransfers::hand_over() {
  impl_->stop_thread();
  impl_->ring();  // whatever was pushed meanwhile
  return impl_->set.number;
}

void HttpTransfers::drive() {
  impl_->wait_and_drive(0, events_between_other_work);
}

void HttpTransfers::begin_pushed() {
  impl_->go_on();
}

void HttpTransfers::take_back() {
  if (!impl_->thread.joinable()) impl_->start_thread();
}

HttpTransfers::Id HttpTransfers::start(TransferRequest request,
                                       std::shared_ptr<TransferListener> listener) {
  const Id id = impl_->next_id++;
  ++impl_->count;
  impl_->push({.id = id,
               .start = std::make_unique<Transfer>(std::move(request), std::move(listener),
                                                   impl_->look_at)});
  return id;
}

void HttpTransfers::cancel(Id id) {
  impl_->push({.id = id});
}

void HttpTransfers::post(std::function<void()> task) {
  impl_->push({.task = std::move(task)});
}

void HttpTransfers::post_after(std::chrono::milliseconds delay, std::function<void()> task) {
  impl_->push({.task = std::move(task), .task_due = Clock::now() + delay});
}

std::size_t HttpTransfers::running() const {
  return impl_->count;
}

}  // namespace croft

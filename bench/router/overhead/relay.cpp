#include "relay.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "machine.h"
#include "options.h"

namespace croft::overhead {
namespace {

constexpr std::uint64_t listener_data = ~std::uint64_t{0};
constexpr std::int64_t look_at_signals_ns = 200'000'000;

/// A client and its upstream; `waiting[i]` is what end i has sent and the other has not taken yet.
struct Pair {
  std::array<int, 2> ends{-1, -1};
  std::array<std::string, 2> waiting;
  std::array<std::uint32_t, 2> events{EPOLLIN, EPOLLIN};
};

class Relay {
 public:
  Relay(std::uint16_t port, std::uint16_t upstream)
      : port_(port), upstream_(upstream), listener_(listen_on(port_)) {
    poll_.add(listener_, EPOLLIN, listener_data);
  }
  ~Relay() { close(listener_); }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void run() {
    std::printf("%u\n", static_cast<unsigned>(port_));
    std::fflush(stdout);
    while (!asked_to_stop()) {
      const std::size_t count = poll_.wait(now_ns() + look_at_signals_ns);
      for (std::size_t at = 0; at < count; ++at) serve(poll_.ready[at]);
      for (const std::size_t place : dropped_)
        free_.push_back(place);  // only now: no event of this batch is for a new pair
      dropped_.clear();
    }
  }

 private:
  void serve(const epoll_event& event) {
    if (event.data.u64 == listener_data) {
      for (int client; (client = accept_from(listener_)) >= 0;) welcome(client);
      return;
    }
    const std::size_t place = event.data.u64 / 2, end = event.data.u64 % 2;
    if (pairs_[place]->ends[end] < 0) return;
    if ((event.events & EPOLLOUT) != 0) hand_on(place, 1 - end);
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && pairs_[place]->ends[end] >= 0)
      receive(place, end);
  }

  void welcome(int client) {
    const int server = connect_to("127.0.0.1", upstream_);
    if (server < 0) {
      close(client);
      return;
    }
    std::size_t place = pairs_.size();
    if (free_.empty()) {
      pairs_.push_back(std::make_unique<Pair>());
    } else {
      place = free_.back();
      free_.pop_back();
    }
    pairs_[place]->ends = {client, server};
    poll_.add(client, EPOLLIN, 2 * place);
    poll_.add(server, EPOLLIN, 2 * place + 1);
  }

  void drop(std::size_t place) {
    for (const int end : pairs_[place]->ends) close(end);
    *pairs_[place] = Pair{};
    dropped_.push_back(place);
  }

  void receive(std::size_t place, std::size_t from) {
    Pair& pair = *pairs_[place];
    const ssize_t count = recv(pair.ends[from], buffer_, sizeof buffer_, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return drop(place);
    const bool was_waiting = !pair.waiting[from].empty();
    pair.waiting[from].append(buffer_, static_cast<std::size_t>(count));
    if (!was_waiting) hand_on(place, from);
  }

  void hand_on(std::size_t place, std::size_t from) {
    Pair& pair = *pairs_[place];
    std::string& waiting = pair.waiting[from];
    if (waiting.empty()) return;
    const std::size_t to = 1 - from;
    const ssize_t count = send(pair.ends[to], waiting.data(), waiting.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return drop(place);
    if (count > 0) waiting.erase(0, static_cast<std::size_t>(count));
    set_events(place);
  }

  /// Reads from an end only while the other has taken all, so that memory stays bounded.
  void set_events(std::size_t place) {
    Pair& pair = *pairs_[place];
    for (std::size_t end = 0; end < 2; ++end) {
      std::uint32_t events = 0;
      if (pair.waiting[end].empty()) events |= EPOLLIN;
      if (!pair.waiting[1 - end].empty()) events |= EPOLLOUT;
      if (pair.events[end] != events) {
        pair.events[end] = events;
        poll_.change(pair.ends[end], events, 2 * place + end);
      }
    }
  }

  std::uint16_t port_, upstream_;
  Poll poll_;
  int listener_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  std::vector<std::size_t> free_, dropped_;
  char buffer_[1 << 16];
};

}  // namespace

int run_relay(const std::vector<std::string>& arguments) {
  const Options options({{"port", "0", "on 127.0.0.1; 0: a free one", 65535},
                         {"upstream", "8080", "port on 127.0.0.1", 65535}},
                        arguments);
  std::make_unique<Relay>(static_cast<std::uint16_t>(options.number("port")),
                          static_cast<std::uint16_t>(options.number("upstream")))
      ->run();
  return 0;
}

}  // namespace croft::overhead

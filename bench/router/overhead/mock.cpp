#include "mock.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <functional>
#include <memory>
#include <queue>

#include "answers.h"
#include "http_framing.h"
#include "machine.h"
#include "options.h"

namespace croft::overhead {
namespace {

constexpr std::uint64_t listener_data = ~std::uint64_t{0};
constexpr std::int64_t look_at_signals_ns = 200'000'000;

struct Settings {
  std::int64_t delay_us, chunks, gap_us;
};

struct Connection {
  int descriptor = -1;
  Framing framing;
  std::string input;  // what came after the request that is being answered
  std::string out;
  std::size_t sent = 0;
  bool waits_to_send = false;
  bool answering = false;
  bool stream = false;
  bool with_usage = false;
  bool closes = false;  // after this answer
  bool begun = false;   // the stream's head is sent
  std::int64_t pieces = 0, pieces_left = 0;
  std::uint64_t generation = 0;  // timers of an earlier client of this place are void
};

struct Timer {
  std::int64_t due_ns;
  std::size_t place;
  std::uint64_t generation;
  bool operator>(const Timer& other) const { return due_ns > other.due_ns; }
};

/// Whether `"name": true` is in a body of JSON, without reading it as such.
bool has_true(std::string_view body, std::string_view name) {
  const std::size_t at = body.find(name);
  if (at == std::string_view::npos) return false;
  std::string_view rest = body.substr(at + name.size());
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == ':')) rest.remove_prefix(1);
  return rest.starts_with("true");
}

class Mock {
 public:
  Mock(std::uint16_t port, Settings settings, std::size_t answer_characters)
      : settings_(settings),
        port_(port),
        listener_(listen_on(port_)),
        answer_(chat_answer(answer_characters)),
        begin_(stream_begin()) {
    poll_.add(listener_, EPOLLIN, listener_data);
  }
  ~Mock() { close(listener_); }
  Mock(const Mock&) = delete;
  Mock& operator=(const Mock&) = delete;

  void run() {
    std::printf("%u\n", static_cast<unsigned>(port_));
    std::fflush(stdout);
    while (!asked_to_stop()) {
      const std::int64_t latest = now_ns() + look_at_signals_ns;
      const std::size_t count =
          poll_.wait(timers_.empty() ? latest : std::min(latest, timers_.top().due_ns));
      for (std::size_t at = 0; at < count; ++at) serve(poll_.ready[at]);
      run_timers();
    }
    std::printf("%s\n", figures().c_str());
  }

 private:
  std::string figures() const {
    return "{\"served\": " + std::to_string(served_) + ", \"cpu_us\": " + std::to_string(cpu_us()) +
           "}";
  }

  void serve(const epoll_event& event) {
    if (event.data.u64 == listener_data) {
      for (int descriptor; (descriptor = accept_from(listener_)) >= 0;) welcome(descriptor);
      return;
    }
    const std::size_t place = event.data.u64;
    if ((event.events & EPOLLOUT) != 0) send_out(place);
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 &&
        connections_[place]->descriptor >= 0)
      receive(place);
  }

  void welcome(int descriptor) {
    std::size_t place = connections_.size();
    if (free_.empty()) {
      connections_.push_back(std::make_unique<Connection>());
    } else {
      place = free_.back();
      free_.pop_back();
    }
    connections_[place]->descriptor = descriptor;
    poll_.add(descriptor, EPOLLIN, place);
  }

  void drop(std::size_t place) {
    Connection& connection = *connections_[place];
    close(connection.descriptor);
    const std::uint64_t generation = connection.generation + 1;
    connection = Connection{};
    connection.generation = generation;
    free_.push_back(place);
  }

  void receive(std::size_t place) {
    Connection& connection = *connections_[place];
    const ssize_t count = recv(connection.descriptor, buffer_, sizeof buffer_, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return drop(place);
    connection.input.append(buffer_, static_cast<std::size_t>(count));
    take_requests(place);
  }

  void take_requests(std::size_t place) {
    Connection& connection = *connections_[place];
    while (!connection.answering && !connection.input.empty()) {
      connection.input.erase(0, connection.framing.feed(connection.input));
      if (connection.framing.wrong) return drop(place);
      if (!connection.framing.done) return;
      answer(place);
      if (connection.descriptor < 0) return;
    }
  }

  void answer(std::size_t place) {
    Connection& connection = *connections_[place];
    const std::string_view line =
        std::string_view(connection.framing.head).substr(0, connection.framing.head.find("\r\n"));
    connection.closes = !connection.framing.keep_alive;
    connection.answering = true;
    if (line.starts_with("POST ") && line.find("/chat/completions ") != std::string_view::npos) {
      connection.stream = has_true(connection.framing.body, "\"stream\"");
      connection.with_usage = has_true(connection.framing.body, "\"include_usage\"");
      connection.begun = false;
      connection.pieces = connection.pieces_left = settings_.chunks;
      connection.framing.restart();
      ++served_;
      if (settings_.delay_us == 0) return begin(place, now_ns());
      timers_.push({now_ns() + settings_.delay_us * 1000, place, connection.generation});
      return;
    }
    if (line.starts_with("POST /mock?")) read_settings(line);
    if (line.find(" /mock") != std::string_view::npos) {
      connection.out += json_answer(figures());
    } else if (line.starts_with("GET ") && line.find("/models") != std::string_view::npos) {
      connection.out += json_answer(
          "{\"object\":\"list\",\"data\":[{\"id\":\"mock\",\"object\":\"model\",\"created\":0,"
          "\"owned_by\":\"mock\"}]}");
    } else {
      connection.out += json_answer(
          "{\"error\":{\"message\":\"the mock has no such "
          "route\",\"type\":\"invalid_request_error\"}}",
          "404 Not Found");
    }
    connection.framing.restart();
    finish(place);
  }

  void read_settings(std::string_view line) {
    for (const auto& [name, target] : {std::pair{"delay_us=", &settings_.delay_us},
                                       {"chunks=", &settings_.chunks},
                                       {"gap_us=", &settings_.gap_us}}) {
      const std::string_view wanted = name;
      const std::size_t at = line.find(wanted);
      std::int64_t value = -1;
      if (at != std::string_view::npos)
        std::from_chars(line.data() + at + wanted.size(), line.data() + line.size(), value);
      if (value >= 0) *target = value;
    }
  }

  void run_timers() {
    while (!timers_.empty() && timers_.top().due_ns <= now_ns()) {
      const Timer timer = timers_.top();
      timers_.pop();
      Connection& connection = *connections_[timer.place];
      if (connection.generation != timer.generation) continue;
      if (connection.begun) {
        go_on(timer.place, timer.due_ns);
      } else {
        begin(timer.place, timer.due_ns);
      }
    }
  }

  void begin(std::size_t place, std::int64_t due_ns) {
    Connection& connection = *connections_[place];
    if (!connection.stream) {
      connection.out += answer_;
      return finish(place);
    }
    connection.begun = true;
    connection.out += begin_;
    go_on(place, due_ns);
  }

  void go_on(std::size_t place, std::int64_t due_ns) {
    Connection& connection = *connections_[place];
    do {
      if (connection.pieces_left > 0) append_stream_piece(connection.out, now_ns());
      --connection.pieces_left;
    } while (settings_.gap_us == 0 && connection.pieces_left > 0);
    if (connection.pieces_left <= 0) {
      connection.out += stream_end(connection.with_usage, connection.pieces);
      return finish(place);
    }
    timers_.push({due_ns + settings_.gap_us * 1000, place, connection.generation});
    send_out(place);
  }

  void finish(std::size_t place) {
    Connection& connection = *connections_[place];
    connection.answering = false;
    send_out(place);
    if (connection.descriptor >= 0) take_requests(place);
  }

  void send_out(std::size_t place) {
    Connection& connection = *connections_[place];
    const ssize_t count = send(connection.descriptor, connection.out.data() + connection.sent,
                               connection.out.size() - connection.sent, 0);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return drop(place);
    if (count > 0) connection.sent += static_cast<std::size_t>(count);
    const bool waited = connection.sent < connection.out.size();
    if (!waited) {
      connection.out.clear();
      connection.sent = 0;
      if (connection.closes && !connection.answering) return drop(place);
    }
    if (waited != connection.waits_to_send) {
      connection.waits_to_send = waited;
      poll_.change(connection.descriptor, waited ? EPOLLIN | EPOLLOUT : EPOLLIN, place);
    }
  }

  Settings settings_;
  std::uint16_t port_;
  Poll poll_;
  int listener_;
  std::string answer_, begin_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::size_t> free_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::int64_t served_ = 0;
  char buffer_[1 << 16];
};

}  // namespace

int run_mock(const std::vector<std::string>& arguments) {
  constexpr std::int64_t hour_us = 3'600'000'000;
  const Options options({{"port", "0", "on 127.0.0.1; 0: a free one", 65535},
                         {"delay-us", "0", "from the request to the answer", hour_us},
                         {"chunks", "32", "pieces of a stream", 1'000'000},
                         {"gap-us", "0", "between pieces; 0: all at once", hour_us},
                         {"answer-chars", "256", "text of a whole answer", 16'000'000}},
                        arguments);
  const auto mock = std::make_unique<Mock>(
      static_cast<std::uint16_t>(options.number("port")),
      Settings{options.number("delay-us"), options.number("chunks"), options.number("gap-us")},
      static_cast<std::size_t>(options.number("answer-chars")));
  mock->run();
  return 0;
}

}  // namespace croft::overhead

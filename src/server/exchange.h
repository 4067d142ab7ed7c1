#pragma once
/// The sending half of one request. A header of its own for length; only http_server.cpp includes
/// it, because Asio is slow to compile.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "server/http.h"

namespace croft {

/// The answer to one request as a queue of bytes. Filled and emptied on the connection's thread
/// only. Where memory runs out this answer is given up, and no other.
class Exchange final : public ResponseWriter, public std::enable_shared_from_this<Exchange> {
 public:
  /// `handler` outlives the exchange.
  Exchange(boost::asio::io_context& io, HttpHandler& handler, const HttpRequest& request,
           bool keep_alive, std::size_t unsent_bytes_max)
      : io_(io),
        handler_(handler),
        wake_(io, boost::asio::steady_timer::time_point::max()),
        keep_alive_(keep_alive),
        unsent_bytes_max_(unsent_bytes_max) {
    // Of the request only what its response repeats: an answer may wait long for its turn.
    head_.method = record().method = request.method;
    head_.id = record().id = request.id;
    head_.http_1_0 = request.http_1_0;
    head_.response_headers = request.response_headers;
    head_.late_headers = request.late_headers;
    record().route = request.route;
    record().tenant = request.tenant;
    record().ticket = request.ticket;
    record().ledger_id = random_id("");
    record().started = std::chrono::system_clock::now();
  }
  /// Everybody who worked on the answer has let go of it.
  ~Exchange() override { handler_.settled(record()); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void send(HttpResponse response) override {
    run([self = shared_from_this(), response = std::move(response)] {
      if (self->begun_ || self->ended_) return;
      self->begun_ = self->ended_ = true;
      self->record().status = response.status;
      self->output_ +=
          format_response_head(self->head_, response, response.body.size(), self->keep_alive_);
      if (self->head_.method != "HEAD") self->output_ += response.body;
      self->wake_.cancel();
    });
  }

  void begin_stream(HttpResponse head) override {
    run([self = shared_from_this(), head = std::move(head)] {
      if (self->begun_ || self->ended_) return;
      self->begun_ = true;
      self->pings_ = head.content_type == "text/event-stream";
      self->keep_alive_ = self->keep_alive_ && !self->head_.http_1_0;
      self->record().status = head.status;
      self->output_ += format_response_head(self->head_, head, std::nullopt, self->keep_alive_);
      self->append(head.body);
    });
  }

  void write(std::string bytes) override {
    run([self = shared_from_this(), bytes = std::move(bytes)] { self->append(bytes); });
  }

  void end_stream(bool keep_alive) override {
    run([self = shared_from_this(), keep_alive] {
      if (self->ended_) return;
      self->ended_ = true;
      self->keep_alive_ = self->keep_alive_ && keep_alive;
      if (!self->head_.http_1_0) self->output_ += "0\r\n\r\n";
      self->wake_.cancel();
    });
  }

  void post(std::function<void()> task) override { run(std::move(task)); }

  /// Adds a comment where the answer is an event stream that has been silent.
  void ping() {
    if (pings_ && output_.empty()) append(": ping\n\n");
  }

  /// The client left, or reads too slowly: whoever computes for it stops.
  void abandon() {
    record().client_gone = true;
    end_early(499);  // what nginx made customary for "the client left"; it is never sent
  }

  /// A part of the answer is missing for want of memory: what is left of it is not sent.
  void give_up() { end_early(500); }
  /// The same from any thread and without memory; the connection sees it at its next tick.
  void lose() {
    lost_ = true;
    cancel().request_stop();
  }
  [[nodiscard]] bool lost() const { return lost_; }

  [[nodiscard]] bool has_output() const { return !output_.empty(); }
  [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }
  [[nodiscard]] bool ended() const { return ended_; }
  /// Nothing more is to be sent, not even what is queued.
  [[nodiscard]] bool ended_early() const { return ended_early_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  /// Cancelled whenever there is something to do.
  [[nodiscard]] boost::asio::steady_timer& wake() { return wake_; }

 private:
  /// Callers are engine and worker threads, which must not meet an exception of ours.
  template <typename Task>
  void run(Task task) {
    try {
      boost::asio::post(io_, [self = shared_from_this(), task = std::move(task)]() mutable {
        try {
          task();
        } catch (const std::exception&) {
          self->give_up();
        }
      });
    } catch (const std::bad_alloc&) {
      lose();
    }
  }

  void end_early(int status) {
    if (ended_early_) return;
    record().status = status;
    ended_ = ended_early_ = true;
    keep_alive_ = false;
    output_ = {};
    cancel().request_stop();
    wake_.cancel();
  }

  void append(std::string_view bytes) {
    if (!begun_ || ended_) return;
    output_ += head_.http_1_0 ? std::string(bytes) : format_chunk(bytes);
    if (output_.size() > unsent_bytes_max_) abandon();
    wake_.cancel();
  }

  boost::asio::io_context& io_;
  HttpHandler& handler_;
  boost::asio::steady_timer wake_;
  HttpRequest head_;  ///< what the response needs of it
  std::string output_;
  bool keep_alive_;
  std::size_t unsent_bytes_max_;
  bool begun_ = false;
  bool ended_ = false;
  bool ended_early_ = false;
  bool pings_ = false;
  std::atomic<bool> lost_{false};
};

}  // namespace croft

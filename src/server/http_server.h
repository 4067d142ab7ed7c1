#pragma once
/// HTTP/1.1 over TCP: keep-alive, pipelining, chunked streams, limits and time-outs. Knows nothing
/// of routes. Time-outs count the time this process has run (base/tick_clock.h). A connection that
/// waits, for a request or for the engine, holds no buffer.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/limits.h"
#include "server/http.h"

namespace croft {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one
  std::size_t header_bytes_max = limits::request_header_bytes_max;
  std::size_t body_bytes_max = limits::request_body_bytes_max;
  std::size_t unsent_bytes_max =
      limits::request_body_bytes_max;    ///< of one answer that its client does not read
  std::size_t connections_max = 10'000;  ///< at most; see listen()
  std::chrono::milliseconds header_read{1000 *
                                        limits::header_read_seconds};  ///< from the first byte
  std::chrono::milliseconds body_read{120'000};                        ///< 32 MiB at 2 Mbit/s
  std::chrono::milliseconds idle{75'000};   ///< between requests of one connection
  std::chrono::milliseconds write{60'000};  ///< of what is ready, and a second more per 64 KiB
  std::chrono::milliseconds ping{15'000};   ///< silence of an event stream before a comment is sent
  std::chrono::milliseconds drain{1000 * limits::drain_seconds};
};

/// Threads: run() is the connections' thread; handlers run on two workers; the rest is safe from
/// any thread.
class HttpServer {
 public:
  /// `handler` outlives the server.
  HttpServer(HttpServerOptions options, HttpHandler& handler);
  /// Whatever still writes answers (an engine) must be gone before.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and listens; returns the port. Raises the process's limit of open files as far as it
  /// may; where that is too low for connections_max, fewer connections are served, and those beyond
  /// get 503. Errors: Io (address in use: named); InvalidArgument (host unknown).
  Result<std::uint16_t> listen();
  /// From run() on, calls on the connections' thread `on_readable` whenever `file` is readable, and
  /// `after_quick` after each request that was handled there. The file stays the caller's. Before
  /// run(), once.
  void watch(int file, std::function<void()> on_readable, std::function<void()> after_quick);
  /// Serves until drained. No handler runs after it returned.
  void run();
  /// Ends run() once no request is being answered, at the latest after `drain`: what is still
  /// running then is cancelled and gets a moment to say so.
  void begin_drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace croft

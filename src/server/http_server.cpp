#include "server/http_server.h"

#include <malloc.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "base/log.h"
#include "base/open_files.h"
#include "base/tick_clock.h"
#include "server/api/json_error.h"
#include "server/exchange.h"

namespace croft {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_ahead_bytes_max = 64 * limits::KiB;        // of pipelined requests
constexpr std::size_t write_bytes_per_second_min = 64 * limits::KiB;  // half a megabit
constexpr std::size_t refusals_max = 64;         // connections being told that there are too many
constexpr std::size_t files_reserved = 64;       // open files that are no connections
constexpr Milliseconds cancel_grace{1500};       // for cancelled answers to end
constexpr Milliseconds memory_kept{2000};        // after the last answer, for the next one
constexpr Milliseconds memory_kept_max{30'000};  // where answers never cease to end

class Connection;

/// What the connections of one server share.
struct Core {
  Core(HttpServerOptions server_options, HttpHandler& server_handler)
      : options(std::move(server_options)), handler(server_handler) {}

  awaitable<void> accept_loop();
  void welcome(tcp::socket socket);
  [[nodiscard]] bool full(std::size_t more) const {
    return connections.size() >= options.connections_max + more;
  }
  void begin_drain();
  void stop_if_drained();
  /// Keeps the clock going while there is anything to wait for.
  void start_ticking();
  void on_tick();
  void watch_next();
  /// Something ended: its memory goes back to the system unless it is soon used again.
  void memory_freed();

  HttpServerOptions options;
  HttpHandler& handler;
  // What connections touch when they end lives before `io`, which destroys the last of them.
  std::vector<Connection*> connections;
  TickClock clock{tick_length(options)};
  TickClock::Ticks drain_due = 0;
  TickClock::Ticks trim_due = 0;
  TickClock::Ticks trim_due_max = 0;
  bool ticking = false;
  bool draining = false;
  bool cancelled = false;  ///< draining took too long
  bool heap_grew = false;
  bool refusing = false;
  bool over = false;                                            ///< run() has returned
  std::string discarded = std::string(64 * limits::KiB, '\0');  ///< where unwanted input goes
  asio::io_context io{1};
  asio::thread_pool workers{2};
  tcp::acceptor acceptor{io};
  asio::steady_timer tick_timer{io};
  asio::posix::stream_descriptor watched{io};
  std::function<void()> on_watched;
  std::function<void()> after_quick;

  /// Short enough that no time-out is late by more than a quarter, and half a second for real ones.
  static Milliseconds tick_length(const HttpServerOptions& options) {
    const Milliseconds shortest = std::min(
        {options.header_read, options.body_read, options.idle, options.write, options.ping});
    return std::clamp(shortest / 8, Milliseconds(10), Milliseconds(500));
  }
};

/// One TCP connection: requests one after another. All on the connections' thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Core& server, tcp::socket socket) : server_(server), socket_(std::move(socket)) {
    position_ = server_.connections.size();
    server_.connections.push_back(this);
  }
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  awaitable<void> serve();
  awaitable<void> refuse_overload();
  void on_tick(TickClock::Ticks now);
  void cancel_answer() {
    if (exchange_) exchange_->cancel().request_stop();
  }
  [[nodiscard]] bool answering() const { return exchange_ != nullptr || sending_alone_; }

 private:
  using Parser = http::request_parser<http::string_body>;
  enum class Due : unsigned char { Nothing, Cut, Ping };

  awaitable<bool> wait_for_bytes();
  awaitable<bool> take_request();
  awaitable<error_code> read_header(Parser& parser);
  awaitable<bool> answer_broken(error_code problem, HttpRequest head);
  awaitable<bool> send_alone(HttpRequest head, HttpResponse response, bool keep_alive);
  void begin_answer(HttpRequest request, bool keep_alive);
  awaitable<bool> finish_answer();
  awaitable<void> write_output();
  void watch_client();
  void read_ahead();
  awaitable<bool> write_all(std::string bytes);
  awaitable<void> close_gently();

  /// Cancels what the socket does once `duration` has passed, unless disarmed before.
  void arm(Milliseconds duration);
  void disarm() { due_ = Due::Nothing; }
  /// A connection that waits holds no buffer.
  void drop_empty_buffer() {
    if (buffer_.size() == 0) buffer_ = {};
  }

  Core& server_;
  tcp::socket socket_;
  std::size_t position_;  ///< among the server's connections
  TickClock::Ticks due_at_ = 0;
  Due due_ = Due::Nothing;
  bool timed_out_ = false;
  bool sending_alone_ = false;
  Clock::time_point started_{};         ///< of the request
  std::shared_ptr<Exchange> exchange_;  ///< being answered
  beast::flat_buffer buffer_;
};

Connection::~Connection() {
  std::vector<Connection*>& all = server_.connections;
  all[position_] = all.back();
  all[position_]->position_ = position_;
  all.pop_back();
  if (server_.over) return;
  if (exchange_) exchange_->abandon();  // an exception took the connection away
  server_.memory_freed();
  server_.stop_if_drained();
}

void Connection::arm(Milliseconds duration) {
  due_ = Due::Cut;
  due_at_ = server_.clock.after(duration);
  timed_out_ = false;
}

void Connection::on_tick(TickClock::Ticks now) {
  error_code ignored;
  if (exchange_ && exchange_->lost()) exchange_->give_up();
  if (exchange_ && exchange_->ended_early()) socket_.cancel(ignored);
  if (due_ == Due::Nothing || now < due_at_) return;
  if (due_ == Due::Ping) {
    due_at_ = server_.clock.after(server_.options.ping);
    try {
      exchange_->ping();
    } catch (const std::bad_alloc&) {
      exchange_->give_up();
    }
    return;
  }
  due_ = Due::Nothing;
  timed_out_ = true;
  socket_.cancel(ignored);
}

HttpRequest head_of(const http::request<http::string_body>& message) {
  HttpRequest head;
  head.method = message.method_string();
  head.http_1_0 = message.version() == 10;
  std::string_view target = message.target();
  // A proxy's absolute form: "http://host/path".
  if (const std::size_t scheme = target.find("://");
      !target.starts_with('/') && scheme != std::string_view::npos) {
    const std::size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  target = target.substr(0, target.find('#'));
  head.path = target.substr(0, target.find('?'));
  if (head.path.size() < target.size()) head.query = target.substr(head.path.size() + 1);
  for (const auto& field : message)
    head.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  head.id = choose_request_id(head.header("x-request-id"));
  return head;
}

awaitable<void> Connection::serve() {
  const std::shared_ptr<Connection> alive = shared_from_this();
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);  // for read_ahead()
  while (co_await wait_for_bytes()) {
    if (!co_await take_request()) break;
    if (exchange_ && !co_await finish_answer()) break;
  }
}

awaitable<void> Connection::refuse_overload() {
  const std::shared_ptr<Connection> alive = shared_from_this();
  HttpRequest nothing;
  const HttpResponse response = error_response(
      Error{ErrorCode::Unavailable, "too many connections are open", "Try again later", {}});
  co_await write_all(format_response_head(nothing, response, response.body.size(), false) +
                     response.body);
  co_await close_gently();
}

/// False where the peer was idle for too long.
awaitable<bool> Connection::wait_for_bytes() {
  if (buffer_.size() != 0) co_return true;
  drop_empty_buffer();
  arm(server_.options.idle);
  const auto [problem] = co_await socket_.async_wait(tcp::socket::wait_read, kAwait);
  disarm();
  co_return !problem;
}

awaitable<error_code> Connection::read_header(Parser& parser) {
  arm(server_.options.header_read);
  const auto [problem, bytes_count] =
      co_await http::async_read_header(socket_, buffer_, parser, kAwait);
  disarm();
  co_return problem;
}

/// Reads one request and begins its answer, or refuses it; false ends the connection.
awaitable<bool> Connection::take_request() {
  started_ = Clock::now();
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(server_.options.header_bytes_max));
  parser.body_limit(server_.options.body_bytes_max);
  if (const error_code problem = co_await read_header(parser); problem)
    co_return co_await answer_broken(problem, head_of(parser.get()));

  HttpRequest request = head_of(parser.get());
  std::optional<HttpResponse> refusal = server_.handler.admit(request);
  if (refusal) {
    const bool keep_alive = parser.is_done() && parser.keep_alive() && !server_.draining;
    co_return co_await send_alone(std::move(request), *std::move(refusal), keep_alive);
  }
  if (!parser.is_done()) {
    if (equals_ignoring_case(request.header("Expect"), "100-continue") && !request.http_1_0)
      if (!co_await write_all("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
    arm(server_.options.body_read);
    const auto [problem, bytes_count] = co_await http::async_read(socket_, buffer_, parser, kAwait);
    disarm();
    if (problem) co_return co_await answer_broken(problem, std::move(request));
  }
  const bool keep_alive = parser.keep_alive() && !server_.draining;
  request.body = std::move(parser.get().body());
  begin_answer(std::move(request), keep_alive);
  co_return true;
}

/// What could not be read is answered where an answer can still arrive, and the connection ends.
awaitable<bool> Connection::answer_broken(error_code problem, HttpRequest head) {
  HttpResponse response;
  if (timed_out_)
    response = error_response(
        Error{ErrorCode::Timeout, "the request did not arrive in time", "Send it again", {}});
  else if (problem == http::error::body_limit)
    response = error_response(Error{
        ErrorCode::TooLarge,
        "the request body is over " + std::to_string(server_.options.body_bytes_max) + " bytes",
        "Send less at once",
        {}});
  else if (problem == http::error::header_limit || problem == http::error::buffer_overflow)
    response = error_response(431, "headers_too_large",
                              "the request headers are over " +
                                  std::to_string(server_.options.header_bytes_max) + " bytes");
  else if (problem.category() == make_error_code(http::error::bad_method).category() &&
           problem != http::error::end_of_stream && problem != http::error::partial_message)
    response =
        error_response(400, "bad_request", "the request is not valid HTTP: " + problem.message());
  else
    co_return false;  // the peer went away
  co_return co_await send_alone(std::move(head), std::move(response), false);
}

/// A response without a handler, counted like any other.
awaitable<bool> Connection::send_alone(HttpRequest head, HttpResponse response, bool keep_alive) {
  RequestRecord record;
  record.method = head.method;
  record.route = head.route;
  record.id = head.id;
  record.status = response.status;
  std::string bytes = format_response_head(head, response, response.body.size(), keep_alive);
  if (head.method != "HEAD") bytes += response.body;
  sending_alone_ = true;
  const bool written = co_await write_all(std::move(bytes));
  sending_alone_ = false;
  record.client_gone = !written;
  if (!written) record.status = 499;
  record.tenant = head.tenant;
  record.ticket = head.ticket;
  record.ledger_id = random_id("");
  record.started = std::chrono::system_clock::now();
  record.seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  server_.handler.completed(record);
  server_.handler.settled(record);
  server_.stop_if_drained();
  if (written && !keep_alive) co_await close_gently();
  co_return written&& keep_alive;
}

void Connection::begin_answer(HttpRequest request, bool keep_alive) {
  auto exchange = std::make_shared<Exchange>(server_.io, server_.handler, request, keep_alive,
                                             server_.options.unsent_bytes_max);
  const bool quick = server_.handler.is_quick(request);
  auto work = [&handler = server_.handler, request = std::move(request), exchange]() mutable {
    try {
      handler.handle(std::move(request), exchange);
    } catch (const std::exception&) {
      exchange->lose();
    }
  };
  exchange_ = std::move(exchange);
  if (!quick) return asio::post(server_.workers, std::move(work));
  work();
  if (server_.after_quick) server_.after_quick();
}

/// Writes what the exchange has until it has ended, the peer has left or does not take it.
awaitable<void> Connection::write_output() {
  for (;;) {
    if (exchange_->ended_early()) co_return;
    if (exchange_->has_output()) {
      const bool written = co_await write_all(exchange_->take_output());
      if (!written) exchange_->abandon();
      continue;
    }
    if (exchange_->ended()) co_return;
    due_ = Due::Ping;
    due_at_ = server_.clock.after(server_.options.ping);
    static_cast<void>(co_await exchange_->wake().async_wait(kAwait));
    disarm();
  }
}

awaitable<bool> Connection::finish_answer() {
  drop_empty_buffer();
  watch_client();
  try {
    co_await write_output();
  } catch (const std::bad_alloc&) {
    exchange_->give_up();
  }
  const std::shared_ptr<Exchange> exchange = std::move(exchange_);
  error_code ignored;
  socket_.cancel(ignored);  // the watch
  RequestRecord& record = exchange->record();
  record.seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  server_.handler.completed(record);
  server_.memory_freed();
  server_.stop_if_drained();
  if (exchange->ended_early()) co_return false;
  if (!exchange->keep_alive()) co_await close_gently();
  co_return exchange->keep_alive();
}

/// While an answer is made: hears that the peer has left, and reads ahead what it pipelines.
void Connection::watch_client() {
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this(), exchange = exchange_](error_code problem) {
                       if (!problem && self->exchange_ == exchange) self->read_ahead();
                     });
}

void Connection::read_ahead() {
  // Enough: from here only a failing write tells that the peer has left.
  if (buffer_.size() >= read_ahead_bytes_max) return;
  error_code problem;
  buffer_.commit(socket_.read_some(buffer_.prepare(4 * limits::KiB), problem));
  if (problem && problem != asio::error::would_block)
    exchange_->abandon();
  else
    watch_client();
}

awaitable<bool> Connection::write_all(std::string bytes) {
  arm(server_.options.write + std::chrono::seconds(bytes.size() / write_bytes_per_second_min));
  const auto [problem, bytes_count] =
      co_await asio::async_write(socket_, asio::buffer(bytes), kAwait);
  disarm();
  co_return !problem;
}

/// Closing with unread input makes the kernel send a reset, which can destroy the answer on its
/// way: say that nothing follows, then take what the peer still sends for a while.
awaitable<void> Connection::close_gently() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  const std::size_t discard_max = 2 * server_.options.body_bytes_max;
  constexpr std::chrono::seconds patience{5};
  arm(patience);
  for (std::size_t discarded = 0; discarded < discard_max;) {
    // All connections throw away into the same bytes: this thread reads for one at a time.
    const auto [problem, bytes_count] =
        co_await socket_.async_read_some(asio::buffer(server_.discarded), kAwait);
    if (problem) break;
    discarded += bytes_count;
  }
  disarm();
}

awaitable<void> Core::accept_loop() {
  for (bool pause = false;;) {
    try {
      if (std::exchange(pause, false)) {
        asio::steady_timer timer(io, Milliseconds(50));
        co_await timer.async_wait(kAwait);
      }
      // Whoever comes now waits in the kernel's queue; refusals end within seconds.
      if (full(refusals_max)) {
        pause = true;
        continue;
      }
      auto [problem, socket] = co_await acceptor.async_accept(kAwait);
      if (problem == asio::error::operation_aborted) co_return;
      if (problem) {
        log_warning("cannot accept a connection: " + problem.message());
        pause = true;
      } else {
        welcome(std::move(socket));
      }
    } catch (const std::bad_alloc&) {
      pause = true;  // this one is closed; the next may find memory again
    }
  }
}

void Core::welcome(tcp::socket socket) {
  const bool overloaded = full(0);
  if (overloaded && !refusing)
    log_warning(std::to_string(connections.size()) +
                " connections are open: more get 503 until some close (the limit of open files, "
                "ulimit -n, is what allows more)");
  refusing = overloaded;
  start_ticking();
  auto connection = std::make_shared<Connection>(*this, std::move(socket));
  asio::co_spawn(io, overloaded ? connection->refuse_overload() : connection->serve(),
                 [](const std::exception_ptr& problem_inside) {
                   if (problem_inside) log_error("a connection ended by an exception");
                 });
}

void Core::start_ticking() {
  if (ticking) return;
  clock.start(Clock::now());
  tick_timer.expires_after(clock.length());
  tick_timer.async_wait([this](error_code problem) {
    if (!problem) on_tick();
  });
  ticking = true;
}

void Core::on_tick() {
  clock.tick(Clock::now());
  const TickClock::Ticks now = clock.now();
  for (Connection* connection : connections) connection->on_tick(now);
  if (heap_grew && now >= std::min(trim_due, trim_due_max)) {
    heap_grew = false;
    // Free memory lies between what long-lived connections hold: the allocator keeps it otherwise.
    ::malloc_trim(0);
  }
  if (draining && now >= drain_due) {
    if (cancelled) io.stop();
    cancelled = true;
    for (Connection* connection : connections) connection->cancel_answer();
    drain_due = clock.after(cancel_grace);
  }
  ticking = false;
  if (!connections.empty() || heap_grew || draining) start_ticking();
}

void Core::watch_next() {
  watched.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code problem) {
    if (problem) return;
    on_watched();
    watch_next();
  });
}

void Core::memory_freed() {
  trim_due = clock.after(memory_kept);
  if (!heap_grew) trim_due_max = clock.after(memory_kept_max);
  heap_grew = true;
}

void Core::begin_drain() {
  if (draining) return;
  draining = true;
  start_ticking();
  drain_due = clock.after(options.drain);
  stop_if_drained();
}

void Core::stop_if_drained() {
  if (draining && std::ranges::none_of(connections, &Connection::answering)) io.stop();
}

}  // namespace

struct HttpServer::Impl : Core {
  using Core::Core;
};

HttpServer::HttpServer(HttpServerOptions options, HttpHandler& handler)
    : impl_(std::make_unique<Impl>(std::move(options), handler)) {}

HttpServer::~HttpServer() = default;

Result<std::uint16_t> HttpServer::listen() {
  HttpServerOptions& options = impl_->options;
  const std::size_t files_max = raise_open_files_limit();
  constexpr std::size_t files_kept = files_reserved + refusals_max;
  options.connections_max = std::min(
      options.connections_max, files_max > 2 * files_kept ? files_max - files_kept : files_max / 2);
  const std::string where = options.host + ":" + std::to_string(options.port);
  error_code problem;
  std::string host = options.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  tcp::resolver resolver(impl_->io);
  const auto found =
      resolver.resolve(host, std::to_string(options.port), tcp::resolver::passive, problem);
  if (problem || found.empty())
    return fail(ErrorCode::InvalidArgument, "the host " + options.host + " is not known here",
                "Use an address of this machine, such as 127.0.0.1", "host");
  // "localhost" may name ::1 first, where most clients that were told 127.0.0.1 would not find us.
  tcp::endpoint endpoint = found.begin()->endpoint();
  for (const auto& one : found)
    if (one.endpoint().address().is_v4()) endpoint = one.endpoint();
  tcp::acceptor& acceptor = impl_->acceptor;
  acceptor.open(endpoint.protocol(), problem);
  if (!problem) acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
  if (!problem) acceptor.bind(endpoint, problem);
  if (!problem) acceptor.listen(asio::socket_base::max_listen_connections, problem);
  if (problem)
    return fail(ErrorCode::Io, "cannot listen on " + where + ": " + problem.message(),
                problem == asio::error::address_in_use ? "Choose another --port" : "");
  return acceptor.local_endpoint(problem).port();
}

void HttpServer::watch(int file, std::function<void()> on_readable,
                       std::function<void()> after_quick) {
  impl_->watched.assign(file);
  impl_->on_watched = std::move(on_readable);
  impl_->after_quick = std::move(after_quick);
}

void HttpServer::run() {
  if (impl_->watched.is_open()) impl_->watch_next();
  asio::co_spawn(impl_->io, impl_->accept_loop(), asio::detached);
  for (;;) {
    try {
      impl_->io.run();
      break;
    } catch (const std::exception&) {
      // Lack of memory in one task: that answer is lost, the others go on.
      log_error("a task of the HTTP server failed");
    }
  }
  impl_->workers.join();
  if (impl_->watched.is_open()) impl_->watched.release();
  impl_->over = true;
}

void HttpServer::begin_drain() {
  asio::post(impl_->io, [impl = impl_.get()] { impl->begin_drain(); });
}

}  // namespace croft

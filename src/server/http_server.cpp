#include "server/http_server.h"

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "base/log.h"
#include "server/api/json_error.h"
#include "server/exchange.h"

namespace croft {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_ahead_bytes_max = 64 * limits::KiB;  // of pipelined requests
constexpr std::chrono::milliseconds cancel_grace{1500};         // for cancelled answers to end

/// What the connections of one server share.
struct Core {
  Core(HttpServerOptions server_options, HttpHandler& server_handler)
      : options(std::move(server_options)), handler(server_handler) {}

  awaitable<void> accept_loop();
  void exchange_ended(const std::shared_ptr<Exchange>& exchange, Clock::time_point started);
  void stop_if_drained();

  HttpServerOptions options;
  HttpHandler& handler;
  asio::io_context io{1};
  asio::thread_pool workers{2};
  tcp::acceptor acceptor{io};
  asio::steady_timer drain_timer{io};
  bool draining = false;
  std::size_t connections_count = 0;
  std::vector<std::weak_ptr<Exchange>> exchanges;  ///< being answered
};

/// One TCP connection: requests one after another. All on the connections' thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Core& server, tcp::socket socket)
      : server_(server), socket_(std::move(socket)), deadline_(server.io) {
    ++server_.connections_count;
  }
  ~Connection() { --server_.connections_count; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  awaitable<void> serve();
  awaitable<void> refuse_overload();

 private:
  using Parser = http::request_parser<http::string_body>;

  awaitable<bool> serve_one();
  awaitable<bool> wait_for_bytes();
  awaitable<error_code> read_header(Parser& parser);
  awaitable<bool> answer_broken(error_code problem, HttpRequest head);
  awaitable<bool> answer(HttpRequest request, bool keep_alive, Clock::time_point started);
  awaitable<bool> send_alone(HttpRequest head, HttpResponse response, Clock::time_point started,
                             bool keep_alive);
  awaitable<void> write_output(std::shared_ptr<Exchange> exchange);
  awaitable<void> watch_client();
  awaitable<bool> write_all(std::string bytes);
  awaitable<void> close_gently();

  /// Cancels what the socket does once `duration` has passed, unless disarmed before.
  void arm(std::chrono::milliseconds duration);
  void disarm();

  Core& server_;
  tcp::socket socket_;
  asio::steady_timer deadline_;
  std::uint64_t deadline_number_ = 0;
  bool timed_out_ = false;
  beast::flat_buffer buffer_;
};

void Connection::arm(std::chrono::milliseconds duration) {
  const std::uint64_t number = ++deadline_number_;
  timed_out_ = false;
  deadline_.expires_after(duration);
  deadline_.async_wait([self = shared_from_this(), number](error_code problem) {
    if (problem || number != self->deadline_number_) return;
    self->timed_out_ = true;
    self->socket_.cancel(problem);
  });
}

void Connection::disarm() {
  ++deadline_number_;
  deadline_.cancel();
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
  head.path = target.substr(0, target.find_first_of("?#"));
  for (const auto& field : message)
    head.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  head.id = choose_request_id(head.header("x-request-id"));
  return head;
}

awaitable<void> Connection::serve() {
  const std::shared_ptr<Connection> alive = shared_from_this();
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  while (co_await serve_one()) {
  }
  disarm();
  socket_.close(ignored);
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

/// False where the peer closed or was idle for too long: there is nobody to answer.
awaitable<bool> Connection::wait_for_bytes() {
  if (buffer_.size() != 0) co_return true;
  arm(server_.options.idle);
  const auto [problem, bytes_count] =
      co_await socket_.async_read_some(buffer_.prepare(4 * limits::KiB), kAwait);
  disarm();
  if (problem) co_return false;
  buffer_.commit(bytes_count);
  co_return true;
}

awaitable<error_code> Connection::read_header(Parser& parser) {
  arm(server_.options.header_read);
  const auto [problem, bytes_count] =
      co_await http::async_read_header(socket_, buffer_, parser, kAwait);
  disarm();
  co_return problem;
}

/// Reads and answers one request; false ends the connection.
awaitable<bool> Connection::serve_one() {
  if (!co_await wait_for_bytes()) co_return false;
  const Clock::time_point started = Clock::now();
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(server_.options.header_bytes_max));
  parser.body_limit(server_.options.body_bytes_max);
  if (const error_code problem = co_await read_header(parser); problem)
    co_return co_await answer_broken(problem, head_of(parser.get()));

  HttpRequest request = head_of(parser.get());
  std::optional<HttpResponse> refusal = server_.handler.admit(request);
  if (refusal) {
    const bool keep_alive = parser.is_done() && parser.keep_alive() && !server_.draining;
    co_return co_await send_alone(std::move(request), *std::move(refusal), started, keep_alive);
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
  co_return co_await answer(std::move(request), keep_alive, started);
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
  co_return co_await send_alone(std::move(head), std::move(response), Clock::now(), false);
}

/// A response without a handler, counted like any other.
awaitable<bool> Connection::send_alone(HttpRequest head, HttpResponse response,
                                       Clock::time_point started, bool keep_alive) {
  RequestRecord record;
  record.method = head.method;
  record.route = head.route;
  record.id = head.id;
  record.status = response.status;
  std::string bytes = format_response_head(head, response, response.body.size(), keep_alive);
  if (head.method != "HEAD") bytes += response.body;
  const bool written = co_await write_all(std::move(bytes));
  record.client_gone = !written;
  if (!written) record.status = 499;
  record.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  server_.handler.completed(record);
  if (written && !keep_alive) co_await close_gently();
  co_return written&& keep_alive;
}

awaitable<bool> Connection::answer(HttpRequest request, bool keep_alive,
                                   Clock::time_point started) {
  using namespace asio::experimental::awaitable_operators;
  HttpRequest head = request;
  head.body.clear();
  auto exchange = std::make_shared<Exchange>(server_.io, std::move(head), keep_alive,
                                             server_.options.unsent_bytes_max);
  exchange->record().method = request.method;
  exchange->record().route = request.route;
  exchange->record().id = request.id;
  server_.exchanges.push_back(exchange);
  asio::post(server_.workers,
             [&handler = server_.handler, request = std::move(request), exchange]() mutable {
               handler.handle(std::move(request), exchange);
             });
  co_await (write_output(exchange) || watch_client());
  if (!exchange->ended() || exchange->has_output()) exchange->abandon();
  server_.exchange_ended(exchange, started);
  if (exchange->record().client_gone) co_return false;
  if (!exchange->keep_alive()) co_await close_gently();
  co_return exchange->keep_alive();
}

/// Writes what the exchange has until it has ended; returns early where the peer does not take it.
awaitable<void> Connection::write_output(std::shared_ptr<Exchange> exchange) {
  for (;;) {
    if (exchange->record().client_gone) co_return;
    if (exchange->has_output()) {
      if (!co_await write_all(exchange->take_output())) {
        exchange->abandon();
        co_return;
      }
      continue;
    }
    if (exchange->ended()) co_return;
    exchange->wake().expires_after(server_.options.ping);
    const auto [problem] = co_await exchange->wake().async_wait(kAwait);
    if (!problem && !exchange->ended()) exchange->ping();
  }
}

/// Reads ahead while an answer is made; returns where the peer has left. Pipelined bytes stay in
/// the buffer.
awaitable<void> Connection::watch_client() {
  while (buffer_.size() < read_ahead_bytes_max) {
    const auto [problem, bytes_count] =
        co_await socket_.async_read_some(buffer_.prepare(4 * limits::KiB), kAwait);
    buffer_.commit(bytes_count);
    if (problem) co_return;
  }
  // Enough read ahead: from here only a failing write tells that the peer has left.
  asio::steady_timer never(server_.io, asio::steady_timer::time_point::max());
  co_await never.async_wait(kAwait);
}

awaitable<bool> Connection::write_all(std::string bytes) {
  arm(server_.options.write);
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
  std::string scratch(64 * limits::KiB, '\0');
  arm(patience);
  for (std::size_t discarded = 0; discarded < discard_max;) {
    const auto [problem, bytes_count] =
        co_await socket_.async_read_some(asio::buffer(scratch), kAwait);
    if (problem) break;
    discarded += bytes_count;
  }
  disarm();
}

awaitable<void> Core::accept_loop() {
  for (;;) {
    auto [problem, socket] = co_await acceptor.async_accept(kAwait);
    if (problem == asio::error::operation_aborted) co_return;
    if (problem) {
      // Out of file descriptors, mostly: others must finish first.
      log_warning("cannot accept a connection: " + problem.message());
      asio::steady_timer pause(io, std::chrono::milliseconds(100));
      co_await pause.async_wait(kAwait);
      continue;
    }
    auto connection = std::make_shared<Connection>(*this, std::move(socket));
    const bool overloaded = connections_count > options.connections_max;
    asio::co_spawn(io, overloaded ? connection->refuse_overload() : connection->serve(),
                   [](const std::exception_ptr& problem_inside) {
                     if (problem_inside) log_error("a connection ended by an exception");
                   });
  }
}

void Core::exchange_ended(const std::shared_ptr<Exchange>& exchange, Clock::time_point started) {
  RequestRecord& record = exchange->record();
  record.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  handler.completed(record);
  std::erase_if(exchanges, [&](const std::weak_ptr<Exchange>& other) {
    const std::shared_ptr<Exchange> locked = other.lock();
    return locked == nullptr || locked == exchange;
  });
  stop_if_drained();
}

void Core::stop_if_drained() {
  if (draining && exchanges.empty()) io.stop();
}

}  // namespace

struct HttpServer::Impl : Core {
  using Core::Core;
};

HttpServer::HttpServer(HttpServerOptions options, HttpHandler& handler)
    : impl_(std::make_unique<Impl>(std::move(options), handler)) {}

HttpServer::~HttpServer() = default;

Result<std::uint16_t> HttpServer::listen() {
  const HttpServerOptions& options = impl_->options;
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

void HttpServer::run() {
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
}

void HttpServer::begin_drain() {
  asio::post(impl_->io, [impl = impl_.get()] {
    if (impl->draining) return;
    impl->draining = true;
    impl->stop_if_drained();
    impl->drain_timer.expires_after(impl->options.drain);
    impl->drain_timer.async_wait([impl](error_code problem) {
      if (problem) return;
      for (const std::weak_ptr<Exchange>& weak : impl->exchanges)
        if (const std::shared_ptr<Exchange> exchange = weak.lock())
          exchange->cancel().request_stop();
      impl->drain_timer.expires_after(cancel_grace);
      impl->drain_timer.async_wait([impl](error_code) { impl->io.stop(); });
    });
  });
}

}  // namespace croft

#pragma once
/// What the API code sees of HTTP: plain requests, plain responses and a writer. No socket, no
/// Beast, so that every route runs in a unit test.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace croft {

class AccessTicket;
struct RouteTrace;

/// The route of a request that no route takes.
inline constexpr std::string_view unmatched_route = "unmatched";

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method;
  std::string path;        ///< without the query; not decoded
  std::string query = {};  ///< without its question mark; not decoded
  std::vector<HttpHeader> headers;
  std::string body;
  bool http_1_0 = false;
  std::string id;      ///< x-request-id: the caller's where it is harmless, else ours
  std::string tenant;  ///< of the key, once admit() has checked it; empty: no key
  std::shared_ptr<AccessTicket> ticket = {};  ///< likewise: what the key may; null: nobody checks
  std::string route{unmatched_route};         ///< the route's pattern, once admit() has found it
  std::vector<HttpHeader> response_headers;   ///< go on every response to it (CORS)
  /// What goes on it as it stands when the response begins; may be null.
  std::function<std::vector<HttpHeader>()> late_headers = {};

  /// First header of that name, compared without case; empty where absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool has_header(std::string_view name) const;
};

/// A broken escape stays as it is.
[[nodiscard]] std::string percent_decoded(std::string_view text);

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<HttpHeader> headers;
  std::string body;
};

/// What is logged, counted and accounted for about one request. Never holds text of a prompt or an
/// answer.
struct RequestRecord {
  std::string method = {};
  std::string route{
      unmatched_route};  ///< the route's pattern, never the path as sent (threats.md A3)
  std::string id = {};
  int status = 0;
  std::size_t prompt_tokens = 0;
  std::size_t generated_tokens = 0;
  double seconds = 0.0;
  bool client_gone = false;    ///< the peer left before the answer was complete
  bool failed = false;         ///< it broke off after its head had been sent
  std::string model = {};      ///< served name of the model that was asked; empty: none was
  std::string ledger_id = {};  ///< ours, also where `id` is the caller's
  std::chrono::system_clock::time_point started = {};
  std::string tenant = {};
  bool streamed = false;
  std::optional<std::size_t> cached_tokens = {};  ///< of the prompt
  double queue_seconds = 0.0;
  double compute_seconds = 0.0;  ///< of the engine's time; 0: it computed nothing
  std::optional<double> first_token_seconds = {};
  std::shared_ptr<const RouteTrace> trace = {};  ///< where a route was asked
  std::shared_ptr<AccessTicket> ticket = {};     ///< null: no key was checked
  std::string reservation = {};                  ///< of the key's or team's budget
};

/// The answer to one request: either one send(), or begin_stream(), write()... and end_stream().
///
/// Threads: send, begin_stream, write, end_stream and post may be called from any thread; what they
/// do happens on the connection's thread, in the order of the calls. record() is written before the
/// call that ends the answer.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  virtual void send(HttpResponse response) = 0;
  /// Headers and, where `head.body` is not empty, the first bytes. Idle event streams get comment
  /// pings.
  virtual void begin_stream(HttpResponse head) = 0;
  virtual void write(std::string bytes) = 0;
  /// `keep_alive` false closes the connection: after an error in mid-stream.
  virtual void end_stream(bool keep_alive) = 0;
  /// Runs `task` on the connection's thread; also after the client left.
  virtual void post(std::function<void()> task) = 0;

  /// Stop is requested when the client leaves, when draining runs out of time, or by a handler that
  /// gives up.
  [[nodiscard]] std::stop_source& cancel() { return cancel_; }
  [[nodiscard]] RequestRecord& record() { return record_; }

 private:
  std::stop_source cancel_;
  RequestRecord record_;
};

/// What a server does with requests.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Called with the header only, on the connection's thread, before the body is read: an answer
  /// refuses the request. May add response_headers.
  virtual std::optional<HttpResponse> admit(HttpRequest& head) = 0;
  /// Whether handle() may run on the connections' thread: it takes well below a millisecond and
  /// waits for nothing. A request that does not change threads is answered sooner.
  [[nodiscard]] virtual bool is_quick(const HttpRequest& /*request*/) const { return false; }
  /// Called with the whole request on a worker thread, or where is_quick() says so on the
  /// connections' thread. Must answer through `writer`, now or later.
  virtual void handle(HttpRequest request, std::shared_ptr<ResponseWriter> writer) = 0;
  /// Called once per request on the connection's thread, also for those refused or malformed.
  virtual void completed(const RequestRecord& record) = 0;
  /// Called once per request after completed(), when nobody works on it any more: where the client
  /// left, a model may have gone on for a token. Any thread; must not block or throw.
  virtual void settled(const RequestRecord& /*record*/) {}
};

/// Case-insensitive comparison of ASCII, as header names and host names need.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Status line, headers and the empty line. `body_bytes`: Content-Length, or nullopt for a stream,
/// which is chunked unless `http_1_0`. CR and LF in values are dropped, so that no value can start
/// a header of its own.
[[nodiscard]] std::string format_response_head(const HttpRequest& request,
                                               const HttpResponse& response,
                                               std::optional<std::size_t> body_bytes,
                                               bool keep_alive);

/// One chunk of a chunked body; nothing for no bytes (an empty chunk would end the body).
[[nodiscard]] std::string format_chunk(std::string_view bytes);

/// The caller's id where it is 1 to 128 of [A-Za-z0-9._:-], else a fresh random one.
[[nodiscard]] std::string choose_request_id(std::string_view offered);

/// `prefix` and 128 random bits in hex: ids of answers and requests.
[[nodiscard]] std::string random_id(std::string_view prefix);

}  // namespace croft

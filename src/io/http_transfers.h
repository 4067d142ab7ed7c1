#pragma once
/// Outbound HTTP for many requests at a time: one thread drives them all, its own or the caller's;
/// answers arrive piece by piece. http_client.h is for single downloads.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "io/http_client.h"

namespace croft {

struct TransferRequest {
  std::string method = "POST";
  std::string url = {};  ///< http or https, without user and password
  /// "Name: value". Credentials may stand here: a transfer never follows a redirect.
  std::vector<std::string> headers = {};
  std::string body = {};
  std::string ca_file = {};  ///< PEM; empty: the system's
  std::string proxy = {};    ///< empty: as the environment says
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds first_byte_timeout = std::chrono::seconds(60);  ///< from its start
  std::chrono::milliseconds between_timeout = std::chrono::seconds(30);     ///< of two pieces
  std::chrono::milliseconds total_timeout = std::chrono::minutes(10);
  std::uint64_t bytes_max = 64 * limits::MiB;  ///< of the answer's body
};

/// How a transfer ended.
struct TransferEnd {
  std::optional<Error> error = {};  ///< none: the whole answer came, whatever its status
  bool head_received = false;
  bool reached = false;  ///< the peer accepted the connection; false: it cannot have seen anything
  double seconds = 0.0;
};

/// Hears of one transfer, on the transfers' thread: must not block or throw. Nothing follows
/// on_end, which always comes.
class TransferListener {
 public:
  virtual ~TransferListener() = default;
  virtual void on_head(int status, const HttpHeaders& headers) = 0;
  virtual void on_body(std::string_view bytes) = 0;
  virtual void on_end(const TransferEnd& end) = 0;
};

/// Safe from any thread. Connections are kept and used again, with HTTP/2 where TLS offers it.
/// Errors of a transfer: InvalidArgument (URL or header), Io (name, connection, a body cut short),
/// Unauthorized (the peer's certificate), Upstream (a proxy that refuses), Timeout, TooLarge,
/// Cancelled; Forbidden for a redirect, and where this process is air-gapped.
class HttpTransfers {
 public:
  using Id = std::uint64_t;

  HttpTransfers();
  /// Cancels what is under way and waits for its end.
  ~HttpTransfers();
  HttpTransfers(const HttpTransfers&) = delete;
  HttpTransfers& operator=(const HttpTransfers&) = delete;

  Id start(TransferRequest request, std::shared_ptr<TransferListener> listener);
  /// The listener hears Cancelled, unless the transfer has ended meanwhile. An unknown id is none.
  void cancel(Id id);
  /// Runs `task` on the transfers' thread, after what was started or cancelled before; the
  /// destructor runs those that still wait. Tasks must not block or throw.
  void post(std::function<void()> task);
  void post_after(std::chrono::milliseconds delay, std::function<void()> task);
  [[nodiscard]] std::size_t running() const;

  /// A program whose own loop waits for other sockets too spares a thread's wake-up for every piece
  /// by driving the transfers itself: from here on "the transfers' thread" is the one that calls
  /// drive(), which does what there is to do and never waits, whenever the returned file (an epoll
  /// set, which stays ours) is readable.
  [[nodiscard]] int hand_over();
  void drive();
  /// On the driving thread, outside of drive(): what was started just now goes out at once, before
  /// other work of this thread.
  void begin_pushed();
  /// Undoes hand_over(): a thread of their own drives them again. drive() is called no more.
  void take_back();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace croft

#pragma once
/// One request under way, for http_transfers.cpp: what libcurl calls back, limits, time-outs.

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "io/http_transfers.h"

namespace croft {

struct CurlListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

struct CurlDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;

/// Everything happens on the transfers' thread.
class Transfer {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  /// `look_at` is when somebody should ask due() again; a transfer that is due earlier says so
  /// there. Outlives this.
  Transfer(TransferRequest request, std::shared_ptr<TransferListener> listener, Time& look_at)
      : request_(std::move(request)), listener_(std::move(listener)), look_at_(look_at) {}

  Result<void> prepare(CURL* easy, Time now);
  /// When it will have waited too long.
  [[nodiscard]] Time due() const { return std::min(due_, total_due_); }
  [[nodiscard]] Error timeout_error(Time now) const;
  void end(CURL* easy, std::optional<Error> error, Time now);
  /// What libcurl's outcome means; none where all is well. While `easy` is here.
  [[nodiscard]] std::optional<Error> outcome(CURLcode code) const;

  CurlHandle easy;

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  /// libcurl is C: no exception may pass through it.
  template <typename Step>
  bool guarded(Step step) {
    try {
      return step();
    } catch (const std::bad_alloc&) {
      refuse(ErrorCode::Unavailable, "this machine ran out of memory", "Try again later.");
      return false;
    }
  }
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  /// Tells the listener of the head once, before the body.
  bool give_head();
  void refuse(ErrorCode code, std::string message, std::string hint) {
    refusal_ = Error{code, std::move(message), std::move(hint), {}};
  }

  void set_due(Time due) {
    due_ = due;
    look_at_ = std::min(look_at_, this->due());
  }

  TransferRequest request_;
  std::shared_ptr<TransferListener> listener_;
  Time& look_at_;
  CurlList headers_;
  std::array<char, CURL_ERROR_SIZE> detail_{};  ///< libcurl's words for what went wrong
  HttpHeaders response_;
  std::optional<Error> refusal_;
  int status_ = 0;
  std::size_t head_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool head_given_ = false;
  Time started_;
  Time due_;
  Time total_due_;
};

}  // namespace croft

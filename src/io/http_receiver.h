#pragma once
/// The receiving half of a GET without libcurl: what header lines and pieces of a body mean. Used
/// by http_client.cpp only.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "io/http_client.h"

namespace croft {

/// Fills `response` and feeds `sink` with the body of a 200 or 206. All three outlive it. One per
/// hop.
class HttpReceiver {
 public:
  HttpReceiver(const OutboundRequest& request, const HttpSink& sink, OutboundResponse& response)
      : request_(request), sink_(sink), response_(response) {}

  /// One line of the head, the status line included.
  Result<void> take_header(std::string_view line);
  /// The next piece of the body.
  Result<void> take_body(std::span<const std::byte> bytes);
  /// After the last piece.
  Result<void> finish();
  [[nodiscard]] bool is_redirect() const;

 private:
  Result<void> begin_body();
  [[nodiscard]] bool is_success() const;

  const OutboundRequest& request_;
  const HttpSink& sink_;
  OutboundResponse& response_;
  std::size_t header_bytes_ = 0;
  bool body_begun_ = false;
};

[[nodiscard]] std::string ascii_lower(std::string_view text);
[[nodiscard]] std::string_view trim_spaces(std::string_view text);
/// A URL for a message: quoted, and without its query, which often holds a signature that grants
/// access.
[[nodiscard]] std::string shown_url(std::string_view url);
[[nodiscard]] std::unexpected<Error> http_cancelled(const std::string& url);

}  // namespace croft

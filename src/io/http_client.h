#pragma once
/// Outbound HTTP: a blocking GET that streams into a sink. libcurl lives in http_client.cpp only.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"

namespace croft {

/// Header names in lower case; a header that repeats is joined with ", ".
using HttpHeaders = std::map<std::string, std::string>;

/// A response that redirected. The Hugging Face hub sends x-linked-etag, x-linked-size and
/// x-repo-commit only here.
struct HttpRedirect {
  std::string url;  ///< the URL that answered with a redirect
  int status = 0;
  HttpHeaders headers;
};

struct OutboundResponse {
  int status = 0;         ///< of the final response; every status is a value, not an error
  HttpHeaders headers;    ///< of the final response
  std::string final_url;  ///< the URL that gave it
  std::vector<HttpRedirect> redirects;
  std::uint64_t body_bytes = 0;  ///< given to the sink
  std::string error_body;  ///< first 4 KiB of the body of a response that is neither 200 nor 206
};

struct OutboundRequest {
  std::string url = {};  ///< http or https, without user and password
  /// "Name: value". Authorization and Cookie are refused here: they would follow a redirect to
  /// another host.
  std::vector<std::string> headers = {};
  /// Sent as "Authorization: Bearer ..." to the scheme, host and port of `url` only.
  std::optional<std::string> bearer_token = {};
  /// Above 0 asks for the bytes from there on. A server may ignore that: status 206 means that the
  /// sink gets the rest, 200 that it gets the whole body from byte 0 (see `on_response`), 416 that
  /// nothing lies beyond.
  std::uint64_t resume_from = 0;
  /// A longer body is TooLarge, before its first byte where the server announces the length.
  std::uint64_t bytes_max = 64 * limits::MiB;
  /// Looked at before every piece and about once a second while nothing arrives.
  std::stop_token stop = {};
  /// Called once, before the first byte of a 200 or 206 reaches the sink; false gives up with
  /// Cancelled.
  std::function<bool(const OutboundResponse&)> on_response = {};
  /// Called with each target before it is contacted; false refuses it with Forbidden. Without it
  /// all are allowed, but never from https to http.
  std::function<bool(std::string_view url)> allow_redirect = {};
  int redirects_max = 10;
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(15);
  /// Gives up with Timeout after so long with less than one byte a second. 0 waits for ever.
  std::chrono::seconds stall_timeout = std::chrono::seconds(30);
};

/// Takes the next piece of the body; false gives up with Cancelled.
using HttpSink = std::function<bool(std::span<const std::byte>)>;

/// Performs one GET, following redirects. The body is passed on as sent, never decompressed.
/// Proxies come from the environment (http_proxy, https_proxy, no_proxy). Certificates are always
/// checked.
///
/// Threads: safe from any thread; callbacks run on the caller's.
/// Errors: InvalidArgument (URL or header); Io (name, connection, certificate, a body cut short);
/// Timeout; TooLarge; Forbidden (redirect refused, air-gapped); Corrupt (a 206 that does not begin
/// at `resume_from`); Cancelled.
Result<OutboundResponse> http_get(const OutboundRequest& request, const HttpSink& sink);

/// Where all outbound HTTP begins. Errors: InvalidArgument where `url` is not http(s) or carries a
/// user or password; Forbidden where this process is air-gapped.
Result<void> check_http_url(const std::string& url);

/// Prepares libcurl, once per process; http_get and HttpTransfers do it by themselves.
void init_http();

}  // namespace croft

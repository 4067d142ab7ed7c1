#pragma once
/// One file over HTTP: resumed, retried, verified.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "io/http_client.h"
#include "store/progress_meter.h"
#include "store/retry.h"

namespace croft {

struct Download {
  OutboundRequest request;             ///< resume_from, bytes_max and on_response are set here
  std::string name;                    ///< for messages and the progress
  std::filesystem::path target;        ///< appears when whole and verified
  std::filesystem::path part;          ///< what has arrived; kept on failure
  std::optional<std::uint64_t> bytes;  ///< the size that was announced
  std::optional<std::string> sha256;   ///< the digest that was announced
  std::function<Error(const OutboundResponse&)> status_error;
};

/// Returns the SHA-256 of the content. Without an announced digest the one in X-Linked-Etag counts.
/// Errors: Corrupt (digest or size: the part is deleted); what `status_error` makes of a status
/// that no retry cures; Forbidden (redirect); TooLarge (more bytes than announced); Busy, Timeout,
/// Io after the retries; Cancelled.
Result<std::string> download_file(Download download, Retry retry, ProgressMeter& meter);

/// Whether trying again can help: a cut or slow connection; 408, 429 and 5xx.
[[nodiscard]] bool is_transient(ErrorCode code);
[[nodiscard]] bool is_transient(int http_status);

/// Retry-After in seconds; absent where the server gives a date or nothing.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(const HttpHeaders& headers);

}  // namespace croft

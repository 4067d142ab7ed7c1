#pragma once
/// Errors are values. `Result<T>` crosses every folder border; no exception leaves a folder.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace croft {

/// What kind of failure; one table (error.cpp) maps each to an HTTP status and an exit code.
enum class ErrorCode : std::uint8_t {
  InvalidArgument,   ///< the caller's request is wrong: a field, a flag, a template's complaint
  NotFound,          ///< no such file, model or route
  Corrupt,           ///< a file contradicts its own format
  Unsupported,       ///< valid, but nothing here can do it: architecture, type, option
  TooLarge,          ///< over a limit of limits.h, or more than this machine has
  ContextOverflow,   ///< the prompt does not fit the context
  Unauthorized,      ///< no key, or a wrong one
  Forbidden,         ///< known, but may not: Host or Origin check, missing role
  Busy,              ///< queue full or rate limit: try later
  Unavailable,       ///< loading or draining
  Timeout,           ///< a peer or a budget ran out of time
  Cancelled,         ///< the caller went away
  DeadlineExceeded,  ///< the time that the caller gave has passed
  Io,                ///< the operating system or a peer said no
  Unproven,          ///< "insufficient evidence": the data given cannot prove what was asked
  Internal,          ///< our bug
};

/// An error for a person: what happened and where (`message`), and what to do next (`hint`, may be
/// empty).
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
  std::string hint;
  std::string
      field;  ///< the request field or file key at fault, if one is; becomes OpenAI's `param`
  int retry_after_seconds = 0;  ///< of Busy and Unavailable: when to try again; 0: unknown

  /// "message. hint" for logs and terminals.
  [[nodiscard]] std::string to_string() const;
};

template <typename T>
using Result = std::expected<T, Error>;

/// Shorthand for `return fail(ErrorCode::Corrupt, "...", "...")`.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message,
                                                 std::string hint = {}, std::string field = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(hint), std::move(field)});
}

struct ErrorTraits {
  std::string_view name;         ///< stable, snake_case: "context_overflow"
  int http_status;               ///< 400, 404, ...
  std::string_view openai_type;  ///< "invalid_request_error", ...
  std::string_view openai_code;  ///< "context_length_exceeded", ... or empty (null)
  int exit_code;                 ///< documented in docs/cli.md
};

/// The one table that maps codes to every outside surface.
[[nodiscard]] const ErrorTraits& traits(ErrorCode code);

}  // namespace croft

/// Unwraps a Result or returns its error from the enclosing function. Not usable inside
/// coroutines, and not nested in itself.
#define TRY(expression)                                       \
  ({                                                          \
    auto&& try_result_ = (expression);                        \
    if (!try_result_) [[unlikely]]                            \
      return std::unexpected(std::move(try_result_).error()); \
    std::move(try_result_).value();                           \
  })

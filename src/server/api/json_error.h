#pragma once
/// Errors in OpenAI's shape: {"error": {message, type, param, code}}.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "server/http.h"

namespace croft {

/// What a caller that is still there is told: if its request was cancelled, we did it.
[[nodiscard]] Error as_told(const Error& error);

/// The error object alone, as an event stream carries it.
[[nodiscard]] json::object error_json(const Error& error);

/// The whole response: status by the code's traits, Retry-After where a later try may succeed.
[[nodiscard]] HttpResponse error_response(const Error& error);

/// For statuses that have no ErrorCode of their own (405, 431, unknown route).
[[nodiscard]] HttpResponse error_response(int status, std::string_view code, std::string message);

/// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD: JSON must be UTF-8,
/// and single tokens or a template's message need not be.
[[nodiscard]] std::string replace_invalid_utf8(std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace croft

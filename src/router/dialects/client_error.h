#pragma once
/// Errors as clients of each dialect expect them: status, headers and body; also in mid-stream.

#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "router/dialects/chat_exchange.h"

namespace croft::dialects {

struct ClientError {
  int status = 500;
  std::vector<Header> headers;  ///< Retry-After, where the error knows it
  json::object body;
};

/// `request_id`: Anthropic's body names it; unused in the others. Statuses are those of the
/// dialect: a server with too much to do is 503 for OpenAI's clients and 529 for Anthropic's.
[[nodiscard]] ClientError write_client_error(Dialect client, const Error& error,
                                             std::string_view request_id);

}  // namespace croft::dialects

#include "base/error.h"

#include <array>

#include "base/check.h"

namespace croft {
namespace {

// Order follows ErrorCode. Exit codes: 2 usage, 3 not found, 4 bad model file, 5 unsupported, 6 too
// large, 7 refused, 8 busy or unavailable, 9 I/O, 10 insufficient evidence, 70 our bug,
// 130 interrupted (docs/cli.md is made from this).
constexpr std::array<ErrorTraits, 16> kTraits = {{
    {"invalid_argument", 400, "invalid_request_error", "", 2},
    {"not_found", 404, "invalid_request_error", "model_not_found", 3},
    {"corrupt", 400, "invalid_request_error", "corrupt_file", 4},
    {"unsupported", 400, "invalid_request_error", "unsupported", 5},
    {"too_large", 413, "invalid_request_error", "request_too_large", 6},
    {"context_overflow", 400, "invalid_request_error", "context_length_exceeded", 6},
    {"unauthorized", 401, "invalid_request_error", "invalid_api_key", 7},
    {"forbidden", 403, "invalid_request_error", "forbidden", 7},
    {"busy", 429, "rate_limit_error", "rate_limit_exceeded", 8},
    {"unavailable", 503, "server_error", "overloaded", 8},
    {"timeout", 408, "server_error", "timeout", 9},
    {"cancelled", 499, "server_error", "cancelled", 130},
    {"deadline_exceeded", 504, "server_error", "deadline_exceeded", 9},
    {"io", 500, "server_error", "io", 9},
    {"insufficient_evidence", 422, "invalid_request_error", "insufficient_evidence", 10},
    {"internal", 500, "server_error", "internal", 70},
}};
static_assert(kTraits.size() == static_cast<std::size_t>(ErrorCode::Internal) + 1);

}  // namespace

const ErrorTraits& traits(ErrorCode code) {
  const auto index = static_cast<std::size_t>(code);
  CHECK(index < kTraits.size());
  return kTraits[index];
}

std::string Error::to_string() const {
  if (hint.empty()) return message;
  const bool ends_sentence = !message.empty() && (message.back() == '.' || message.back() == '?');
  return message + (ends_sentence ? " " : ". ") + hint;
}

}  // namespace croft

#include "server/api/json_error.h"

#include <cstdint>

namespace croft {
namespace {

// Where the error does not know better.
constexpr int retry_busy_seconds = 1;
constexpr int retry_unavailable_seconds = 5;  // loading a mapped model takes seconds

/// Bytes of the UTF-8 character at the start of `text`; 0 where there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (text.empty()) return 0;
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates and values beyond U+10FFFF show in the second byte.
  const std::uint8_t second = byte(1);
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

json::object error_object(const Error& error) {
  const ErrorTraits& kind = traits(error.code);
  json::object body;
  body["message"] = replace_invalid_utf8(error.to_string());
  body["type"] = kind.openai_type;
  body["param"] =
      error.field.empty() ? json::value() : json::value(replace_invalid_utf8(error.field));
  body["code"] = kind.openai_code.empty() ? json::value() : json::value(kind.openai_code);
  return body;
}

}  // namespace

Error as_told(const Error& error) {
  if (error.code != ErrorCode::Cancelled) return error;
  return {ErrorCode::Unavailable,
          "the server stopped before the answer was complete",
          "Send the request again",
          {}};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

json::object error_json(const Error& error) {
  return error_object(as_told(error));
}

HttpResponse error_response(const Error& cause) {
  const Error error = as_told(cause);
  HttpResponse response;
  response.status = traits(error.code).http_status;
  response.body = json::serialize(json::object{{"error", error_object(error)}});
  if (error.code == ErrorCode::Busy || error.code == ErrorCode::Unavailable) {
    const int usual =
        error.code == ErrorCode::Busy ? retry_busy_seconds : retry_unavailable_seconds;
    const int seconds = error.retry_after_seconds > 0 ? error.retry_after_seconds : usual;
    response.headers.push_back({"Retry-After", std::to_string(seconds)});
  }
  if (error.code == ErrorCode::Unauthorized)
    response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

HttpResponse error_response(int status, std::string_view code, std::string message) {
  json::object error;
  error["message"] = replace_invalid_utf8(message);
  error["type"] = status >= 500 ? "server_error" : "invalid_request_error";
  error["param"] = nullptr;
  error["code"] = code;
  HttpResponse response;
  response.status = status;
  response.body = json::serialize(json::object{{"error", std::move(error)}});
  return response;
}

}  // namespace croft

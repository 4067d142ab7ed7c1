#pragma once
/// What the files of Application share; for these only.

#include <exception>
#include <memory>
#include <string_view>
#include <typeinfo>

#include "base/log.h"
#include "server/application.h"

namespace croft {

struct Application::Route {
  std::string_view path;  ///< a trailing "/{id}" matches any rest without a slash at its end
  bool post = false;
  RouteAccess access = RouteAccess::Keyed;

  [[nodiscard]] std::string_view allow() const {
    return post ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
  }
};

namespace application {

inline constexpr std::string_view messages_path = "/v1/messages";
inline constexpr std::string_view chat_path = "/v1/chat/completions";

inline HttpResponse json_response(const json::object& body) {
  HttpResponse response;
  response.body = json::serialize(body);
  return response;
}

/// Runs what may throw for lack of memory (Boost.JSON and the standard library do): one request
/// must not take the server down.
template <typename Work, typename Shape>
void answer_errors(const std::shared_ptr<ResponseWriter>& writer, Work&& work, Shape&& shape) {
  Result<void> started;
  try {
    started = work();
  } catch (const std::exception& problem) {
    log_error("a request failed inside: " + std::string(typeid(problem).name()));
    started = fail(ErrorCode::Internal, "the request could not be processed");
  }
  if (!started) writer->send(shape(started.error()));
}

}  // namespace application
}  // namespace croft

#include "server/application.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/log.h"
#include "server/api/fields.h"
#include "server/api/json_error.h"
#include "server/api/routes.h"
#include "server/api/text_call.h"

namespace croft {

struct Application::Route {
  std::string_view path;  ///< a trailing "/{id}" matches any rest without a slash at its end
  bool post = false;
  RouteAccess access = RouteAccess::Keyed;

  [[nodiscard]] std::string_view allow() const {
    return post ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
  }
};

namespace {

constexpr std::string_view id_suffix = "/{id}";

bool matches(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with(id_suffix)) return pattern == path;
  const std::string_view prefix = pattern.substr(0, pattern.size() - id_suffix.size() + 1);
  return path.size() > prefix.size() && path.starts_with(prefix);
}

RouteAccess access_of(std::string_view path) {
  if (path == "/livez" || path == "/readyz" || path == "/health") return RouteAccess::Open;
  return path == "/metrics" ? RouteAccess::Metrics : RouteAccess::Keyed;
}

/// Percent-decoding for model ids with a slash or colon. A broken escape stays as it is.
std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

/// A route that the caller may have meant: the same last words, or a forgotten "/v1".
std::string near_routes(std::string_view path) {
  std::string names;
  const std::size_t slash = path.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  for (const RouteFields& route : all_routes()) {
    const bool near = !last.empty() && route.path.find(last) != std::string_view::npos;
    if (!near) continue;
    if (!names.empty()) names += ", ";
    names += route.path;
  }
  return names;
}

HttpResponse unknown_route(std::string_view path) {
  const std::string near = near_routes(path);
  return error_response(404, "not_found",
                        near.empty() ? std::string("there is no such route; see docs/api.md")
                                     : "there is no such route; did you mean " + near + "?");
}

/// A page may send "simple" types across sites without asking first; JSON it may not.
Result<void> check_content_type(const HttpRequest& request) {
  std::string_view type = request.header("Content-Type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (equals_ignoring_case(type, "application/json")) return {};
  return fail(ErrorCode::InvalidArgument, "the Content-Type must be application/json",
              "With curl: -H 'Content-Type: application/json'", "Content-Type");
}

Result<void> check_content_encoding(const HttpRequest& request) {
  const std::string_view encoding = request.header("Content-Encoding");
  if (encoding.empty() || equals_ignoring_case(encoding, "identity")) return {};
  return fail(ErrorCode::Unsupported, "compressed request bodies are not accepted",
              "Send the body as it is", "Content-Encoding");
}

HttpResponse json_response(const json::object& body) {
  HttpResponse response;
  response.body = json::serialize(body);
  return response;
}

/// Header names a page asks to send; only their characters are checked, the origin was allowed.
bool is_header_list(std::string_view text) {
  return text.size() <= 2048 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == ',' || c == ' ';
         });
}

}  // namespace

Application::Application(Options options)
    : options_(std::move(options)),
      metrics_(options_.model_name),
      started_(std::chrono::duration_cast<std::chrono::seconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count()) {}

const Application::Route* Application::find_route(std::string_view path) {
  // The documented routes are the routes: one that is not in the table cannot be served.
  static const std::vector<Route> routes = [] {
    std::vector<Route> made;
    for (const RouteFields& route : all_routes())
      made.push_back({route.path, route.method == "POST", access_of(route.path)});
    return made;
  }();
  for (const Route& route : routes)
    if (matches(route.path, path)) return &route;
  return nullptr;
}

std::optional<HttpResponse> Application::admit(HttpRequest& head) {
  const Route* route = find_route(head.path);
  if (route != nullptr) head.route = route->path;
  const AccessPolicy& access = options_.access;
  if (Result<void> allowed = check_host(access, head); !allowed)
    return error_response(allowed.error());
  if (Result<void> allowed = check_origin(access, head); !allowed)
    return error_response(allowed.error());
  if (head.has_header("Origin")) {
    head.response_headers.push_back(
        {"Access-Control-Allow-Origin", std::string(head.header("Origin"))});
    head.response_headers.push_back({"Access-Control-Expose-Headers", "x-request-id, Retry-After"});
    head.response_headers.push_back({"Vary", "Origin"});
  }
  if (head.method == "OPTIONS") return answer_options(head, route);
  // The key comes before the route: who has none learns nothing, not even what exists.
  Result<std::string> tenant =
      check_key(access, route == nullptr ? RouteAccess::Keyed : route->access, head);
  if (!tenant) return error_response(tenant.error());
  head.tenant = std::move(*tenant);
  if (route == nullptr) return unknown_route(head.path);
  const bool reads = head.method == "GET" || head.method == "HEAD";
  if (route->post ? head.method != "POST" : !reads) {
    HttpResponse response = error_response(405, "method_not_allowed",
                                           "this route takes " + std::string(route->allow()));
    response.headers.push_back({"Allow", std::string(route->allow())});
    return response;
  }
  if (!route->post) return std::nullopt;
  if (Result<void> right = check_content_type(head); !right) return error_response(right.error());
  if (Result<void> right = check_content_encoding(head); !right)
    return error_response(right.error());
  if (Result<std::shared_ptr<TextEngine>> ready = ready_engine(); !ready)
    return error_response(ready.error());
  return std::nullopt;
}

HttpResponse Application::answer_options(const HttpRequest& request, const Route* route) const {
  if (route == nullptr) return unknown_route(request.path);
  HttpResponse response;
  response.status = 204;
  response.headers.push_back({"Allow", std::string(route->allow())});
  // A preflight: check_origin has let this origin pass.
  if (request.has_header("Origin") && request.has_header("Access-Control-Request-Method")) {
    response.headers.push_back({"Access-Control-Allow-Methods", std::string(route->allow())});
    const std::string_view wanted = request.header("Access-Control-Request-Headers");
    if (!wanted.empty() && is_header_list(wanted))
      response.headers.push_back({"Access-Control-Allow-Headers", std::string(wanted)});
    response.headers.push_back({"Access-Control-Max-Age", "600"});
  }
  return response;
}

void Application::handle(HttpRequest request, std::shared_ptr<ResponseWriter> writer) {
  const Route* route = find_route(request.path);
  if (route == nullptr) {
    writer->send(unknown_route(request.path));
    return;
  }
  if (route->post)
    answer_post(*route, request, writer);
  else
    writer->send(answer_get(*route, request));
}

HttpResponse Application::health(bool llama_server_shape) const {
  if (Result<std::shared_ptr<TextEngine>> ready = ready_engine(); !ready)
    return error_response(ready.error());
  return json_response({{"status", llama_server_shape ? "ok" : "ready"}});
}

HttpResponse Application::answer_get(const Route& route, const HttpRequest& request) {
  if (route.path == "/livez") return json_response({{"status", "alive"}});
  if (route.path == "/readyz") return health(false);
  if (route.path == "/health") return health(true);
  if (route.path == "/metrics") {
    const std::shared_ptr<TextEngine> loaded = engine();
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_.text(loaded ? std::optional(loaded->stats()) : std::nullopt);
    return response;
  }
  const Result<std::shared_ptr<TextEngine>> ready = ready_engine();
  if (!ready) return error_response(ready.error());
  const std::string name = served_name(**ready);
  const json::object model = model_json(**ready, name, started_);
  if (route.path == "/v1/models")
    return json_response({{"object", "list"}, {"data", json::array{model}}});
  constexpr std::size_t prefix_bytes = std::string_view("/v1/models/").size();
  if (percent_decoded(std::string_view(request.path).substr(prefix_bytes)) == name)
    return json_response(model);
  return error_response(Error{ErrorCode::NotFound, "there is no such model here",
                              "The served model is " + name, "model"});
}

void Application::answer_post(const Route& route, const HttpRequest& request,
                              const std::shared_ptr<ResponseWriter>& writer) {
  Result<void> started;
  try {
    started = run_post(route, request, writer);
  } catch (const std::exception& problem) {
    // Boost.JSON and the standard library throw on lack of memory; one request must not take the
    // server down.
    log_error("a request failed inside: " + std::string(typeid(problem).name()));
    started = fail(ErrorCode::Internal, "the request could not be processed");
  }
  if (!started) writer->send(error_response(started.error()));
}

Result<void> Application::run_post(const Route& route, const HttpRequest& request,
                                   const std::shared_ptr<ResponseWriter>& writer) {
  const std::shared_ptr<TextEngine> engine = TRY(ready_engine());
  const json::value parsed = TRY(parse_json(request.body, "the request body"));
  const json::object* body = parsed.if_object();
  if (body == nullptr)
    return fail(ErrorCode::InvalidArgument, "the request body must be a JSON object");
  if (options_.log_prompts) log_info("request " + request.id + " body " + json::serialize(parsed));

  const std::string name = served_name(*engine);
  if (route.path == "/v1/embeddings")
    return start_embeddings(*body, engine, name, metrics_, writer);
  if (route.path == "/tokenize") {
    writer->send(json_response(TRY(tokenize_route(*body, *engine))));
    return {};
  }
  if (route.path == "/detokenize") {
    writer->send(json_response(TRY(detokenize_route(*body, *engine))));
    return {};
  }
  if (route.path == "/apply-template") {
    writer->send(json_response(TRY(apply_template_route(*body, *engine))));
    return {};
  }
  const bool chat = route.path == "/v1/chat/completions";
  TextRequest text =
      TRY(chat ? read_chat_request(*body, *engine) : read_completion_request(*body, *engine));
  text.generation.tenant = request.tenant;
  TextCall::start({.engine = engine.get(),
                   .metrics = &metrics_,
                   .model_name = name,
                   .route = std::string(route.path)},
                  std::move(text), writer);
  return {};
}

void Application::completed(const RequestRecord& record) {
  metrics_.request_done(record);
  const auto milliseconds = static_cast<long long>(record.seconds * 1000.0);
  std::string line = record.method + " " + record.route + " " + std::to_string(record.status) +
                     " " + std::to_string(milliseconds) + " ms";
  if (record.prompt_tokens != 0)
    line += " prompt=" + std::to_string(record.prompt_tokens) +
            " generated=" + std::to_string(record.generated_tokens);
  if (record.client_gone) line += " client-left";
  if (!record.id.empty()) line += " id=" + record.id;
  // Probes come every few seconds; they would bury everything else.
  const bool probe = record.status < 400 && access_of(record.route) != RouteAccess::Keyed;
  if (probe)
    log_debug(line);
  else
    log_info(line);
}

void Application::set_engine(std::shared_ptr<TextEngine> engine) {
  const std::scoped_lock lock(mutex_);
  engine_ = std::move(engine);
  if (draining_) engine_->drain();
}

void Application::drain() {
  draining_ = true;
  if (const std::shared_ptr<TextEngine> loaded = engine()) loaded->drain();
}

void Application::release_engine() {
  std::shared_ptr<TextEngine> last;
  const std::scoped_lock lock(mutex_);
  last = std::exchange(engine_, nullptr);
}

std::shared_ptr<TextEngine> Application::engine() const {
  const std::scoped_lock lock(mutex_);
  return engine_;
}

Result<std::shared_ptr<TextEngine>> Application::ready_engine() const {
  if (draining_)
    return fail(ErrorCode::Unavailable, "the server is shutting down", "Try another, or later");
  std::shared_ptr<TextEngine> loaded = engine();
  if (loaded == nullptr)
    return fail(ErrorCode::Unavailable, "the model is still loading", "Try again in some seconds");
  return loaded;
}

std::string Application::served_name(const TextEngine& engine) const {
  return replace_invalid_utf8(options_.model_name.empty() ? engine.info().name
                                                          : options_.model_name);
}

}  // namespace croft

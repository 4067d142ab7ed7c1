#include "server/application.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/log.h"
#include "router/dialects/client_error.h"
#include "server/api/fields.h"
#include "server/api/json_error.h"
#include "server/api/routes.h"
#include "server/application_parts.h"
#include "server/routing/route_request.h"
#include "store/ledger/ledger_time.h"

namespace croft {

using application::answer_errors;
using application::chat_path;
using application::json_response;
using application::messages_path;

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

/// Header names a page asks to send; only their characters are checked, the origin was allowed.
bool is_header_list(std::string_view text) {
  return text.size() <= 2048 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == ',' || c == ' ';
         });
}

/// Names that JSON and labels can carry; at least the main model.
Application::Options served(Application::Options options) {
  if (!options.routing) options.routing = std::make_shared<RoutingServices>();
  if (options.models.empty()) options.models.push_back({.name = options.model_name});
  for (ModelSource& model : options.models) model.name = replace_invalid_utf8(model.name);
  return options;
}

std::vector<std::string> names_of(const std::vector<ModelSource>& models) {
  std::vector<std::string> names;
  for (const ModelSource& model : models) names.push_back(model.name);
  return names;
}

/// What seems to be the value of `model` in a body that is not parsed yet: a guess that decides
/// where the request is worked on, not what is done with it. Empty: none in sight.
std::string_view glimpse_model(std::string_view body) {
  constexpr std::string_view key = "\"model\"";
  const std::size_t found = body.find(key);
  if (found == std::string_view::npos) return {};
  body.remove_prefix(found + key.size());
  body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n:"), body.size()));
  if (!body.starts_with('"')) return {};
  body.remove_prefix(1);
  const std::size_t end = body.find_first_of("\"\\");
  return end == std::string_view::npos || body[end] != '"' ? std::string_view()
                                                           : body.substr(0, end);
}

/// All tokens, whoever computed them; none where an upstream did not tell.
std::optional<std::uint64_t> tokens_used(const RequestRecord& record) {
  if (!record.trace) return record.prompt_tokens + record.generated_tokens;
  std::uint64_t tokens = 0;
  for (const AttemptTrace& attempt : record.trace->attempts) {
    if (!attempt.prompt_tokens || !attempt.completion_tokens) return std::nullopt;
    tokens += *attempt.prompt_tokens + *attempt.completion_tokens;
  }
  return tokens;
}

}  // namespace

Application::Application(Options options)
    : options_(served(std::move(options))),
      metrics_(names_of(options_.models)),
      started_(std::chrono::duration_cast<std::chrono::seconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count()),
      house_(std::move(options_.models), [this] {
        ModelHouseOptions house = options_.house;
        house.on_event = [this](const ModelEvent& event) { model_changed(event); };
        return house;
      }()) {}

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
    return refused(allowed.error(), head);
  if (Result<void> allowed = check_origin(access, head); !allowed)
    return refused(allowed.error(), head);
  if (head.has_header("Origin")) {
    head.response_headers.push_back(
        {"Access-Control-Allow-Origin", std::string(head.header("Origin"))});
    head.response_headers.push_back({"Access-Control-Expose-Headers",
                                     "x-request-id, Retry-After, x-ratelimit-limit-requests, "
                                     "x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
                                     "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, "
                                     "x-ratelimit-reset-tokens"});
    head.response_headers.push_back({"Vary", "Origin"});
  }
  if (head.method == "OPTIONS") return answer_options(head, route);
  // The key comes before the route: who has none learns nothing, not even what exists.
  if (Result<void> allowed =
          check_caller(route == nullptr ? RouteAccess::Keyed : route->access, head);
      !allowed)
    return refused(allowed.error(), head);
  if (route == nullptr) return unknown_route(head.path);
  const bool reads = head.method == "GET" || head.method == "HEAD";
  if (route->post ? head.method != "POST" : !reads) {
    HttpResponse response = error_response(405, "method_not_allowed",
                                           "this route takes " + std::string(route->allow()));
    response.headers.push_back({"Allow", std::string(route->allow())});
    return response;
  }
  if (!route->post) return std::nullopt;
  if (Result<void> right = check_content_type(head); !right) return refused(right.error(), head);
  if (Result<void> right = check_content_encoding(head); !right)
    return refused(right.error(), head);
  if (Result<void> available = check_available(); !available)
    return refused(available.error(), head);
  return std::nullopt;
}

Result<void> Application::check_caller(RouteAccess access, HttpRequest& head) const {
  if (!options_.control || access == RouteAccess::Open) {
    head.tenant = TRY(check_key(options_.access, access, head));
    return {};
  }
  // Whom the key stands for is known, and accounted for, also where it may not.
  const Result<void> admitted =
      options_.control->admit({.presented_key = presented_key(head),
                               .key_needed = needs_key(options_.access, access),
                               .method = head.method,
                               .route = head.route == unmatched_route ? "" : head.route,
                               .request_id = head.id},
                              head.ticket);
  head.tenant = head.ticket->tenant();
  if (head.ticket->is_limited())
    head.late_headers = [ticket = head.ticket] { return ticket->headers(); };
  return admitted;
}

HttpResponse Application::refused(const Error& error, const HttpRequest& request) const {
  if (request.path != messages_path) return error_response(error);
  const dialects::ClientError told =
      dialects::write_client_error(dialects::Dialect::Anthropic, error, request.id);
  HttpResponse response;
  response.status = told.status;
  response.body = json::serialize(told.body);
  for (const dialects::Header& header : told.headers)
    response.headers.push_back({header.name, header.value});
  return response;
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

bool Application::is_quick(const HttpRequest& request) const {
  constexpr std::size_t quick_bytes_max = 4 * limits::KiB;  // some 200 us of gates
  if (request.body.size() > quick_bytes_max || options_.log_prompts) return false;
  if (request.route != messages_path && request.route != chat_path) return false;
  const std::shared_ptr<const RouterState> state = options_.routing->state();
  if (!state) return false;
  const RouteRuntime* route = state->find_route(glimpse_model(request.body));
  return route != nullptr && route->config->local.empty();
}

void Application::handle(HttpRequest request, std::shared_ptr<ResponseWriter> writer) {
  const Route* route = find_route(request.path);
  if (route == nullptr) {
    writer->send(unknown_route(request.path));
    return;
  }
  if (route->post)
    answer_post(*route, std::move(request), writer);
  else if (route->path == "/v1/usage")
    answer_errors(
        writer, [&] { return answer_usage(request, writer); },
        [](const Error& error) { return error_response(error); });
  else
    writer->send(answer_get(*route, request));
}

Result<void> Application::check_available() const {
  if (draining_)
    return fail(ErrorCode::Unavailable, "the server is shutting down", "Try another, or later");
  if (!house_.loaded(0))
    return fail(ErrorCode::Unavailable, "the model is still loading", "Try again in some seconds");
  if (options_.accountant && !options_.accountant->accepting())
    return fail(ErrorCode::Unavailable, "the ledger takes no more rows, so no request is taken",
                "Its database and its journal fail; the server's log says why");
  return {};
}

HttpResponse Application::health(bool llama_server_shape) const {
  if (Result<void> available = check_available(); !available)
    return error_response(available.error());
  if (!house_.ready())
    return error_response(Error{ErrorCode::Unavailable,
                                "the pinned models are still loading",
                                "Try again in some seconds",
                                {}});
  return json_response({{"status", llama_server_shape ? "ok" : "ready"}});
}

HttpResponse Application::answer_get(const Route& route, const HttpRequest& request) {
  if (route.path == "/livez") return json_response({{"status", "alive"}});
  if (route.path == "/readyz") return health(false);
  if (route.path == "/health") return health(true);
  if (route.path == "/metrics") {
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    const std::shared_ptr<const RouterState> state = options_.routing->state();
    if (options_.accountant) metrics_.show_ledger(options_.accountant->status());
    response.body = metrics_.text(
        house_.look(), state ? state->upstreams : decltype(state->upstreams)(), house_.ready());
    return response;
  }
  if (Result<void> available = check_available(); !available)
    return error_response(available.error());
  constexpr std::string_view prefix = "/v1/models/";
  const std::string_view path = request.path;
  return answer_models(path.starts_with(prefix) ? path.substr(prefix.size()) : std::string_view());
}

Result<void> Application::answer_usage(const HttpRequest& request,
                                       const std::shared_ptr<ResponseWriter>& writer) {
  if (!options_.usage)
    return fail(ErrorCode::NotFound, "this server keeps no ledger", "Start it with --database");
  UsageQuestion question = TRY(read_usage_query(request.query, utc_now_us()));
  limit_usage(request.ticket.get(), question);
  options_.usage->ask(std::move(question), [writer](const Result<json::object>& usage) {
    writer->send(usage ? json_response(*usage) : error_response(usage.error()));
  });
  return {};
}

/// One entry, or all where `id` is empty.
HttpResponse Application::answer_models(std::string_view id) {
  const std::vector<ModelView> views = house_.look();
  const std::shared_ptr<const RouterState> state = options_.routing->state();
  if (!id.empty()) {
    const RouteRuntime* route = state ? state->find_route(percent_decoded(id)) : nullptr;
    if (route != nullptr) return json_response(route_json(*state, *route, started_));
    const Result<std::size_t> model = find_served_model(house_, percent_decoded(id));
    if (!model) return error_response(model.error());
    return json_response(model_json(views[*model], house_.source(*model), started_));
  }
  json::array models;
  for (std::size_t i = 0; i < views.size(); ++i)
    models.push_back(model_json(views[i], house_.source(i), started_));
  if (state)
    for (const RouteRuntime& route : state->routes)
      models.push_back(route_json(*state, route, started_));
  return json_response({{"object", "list"}, {"data", std::move(models)}});
}

void Application::completed(const RequestRecord& record) {
  metrics_.request_done(record);
  const auto milliseconds = static_cast<long long>(record.seconds * 1000.0);
  std::string line = record.method + " " + record.route + " " + std::to_string(record.status) +
                     " " + std::to_string(milliseconds) + " ms";
  if (!record.model.empty()) line += " model=" + record.model;
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

/// Probes and scrapes are nobody's use.
void Application::settled(const RequestRecord& record) {
  if (record.ticket) record.ticket->finish(tokens_used(record));
  if (!options_.accountant || access_of(record.route) != RouteAccess::Keyed) return;
  if (const auto row = options_.accountant->settled(record)) metrics_.accounted(*row);
}

void Application::model_changed(const ModelEvent& event) {
  metrics_.model_changed(event);
  const ModelSource& source = house_.source(event.model);
  const std::string milliseconds =
      std::to_string(static_cast<long long>(event.seconds * 1000.0)) + " ms";
  if (event.kind == ModelEvent::Kind::Loaded) {
    log_info("model " + source.name + " loaded in " + milliseconds);
  } else if (event.kind == ModelEvent::Kind::Unloaded) {
    const char* why = event.reason == UnloadReason::KeepAlive ? "nobody asked for it"
                      : event.reason == UnloadReason::Memory  ? "another needs the memory"
                                                              : "as requested";
    log_info("model " + source.name + " unloaded, " + why);
  } else {
    log_error("model " + source.name + " could not be loaded: " + event.error->to_string());
    if ((event.model == 0 || source.pinned) && on_failure_) on_failure_(*event.error);
  }
}

void Application::start(std::function<void(const Error&)> on_failure) {
  on_failure_ = std::move(on_failure);
  house_.start();
}

void Application::set_engine(std::shared_ptr<TextEngine> engine) {
  house_.set_engine(0, std::move(engine));
}

void Application::drain() {
  draining_ = true;
  house_.drain();
}

void Application::release_engine() {
  options_.routing->close();
  if (options_.usage) options_.usage->close();
  house_.close();
}

}  // namespace croft

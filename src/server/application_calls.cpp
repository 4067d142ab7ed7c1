// From a POST to the code that answers it: routes, models that must be loaded first, local calls.
#include "server/api/fields.h"
#include "server/api/json_error.h"
#include "server/api/routes.h"
#include "server/api/text_call.h"
#include "server/application_parts.h"
#include "server/routing/route_request.h"

namespace croft {

using application::answer_errors;
using application::chat_path;
using application::json_response;
using application::messages_path;

namespace {

std::string_view asked_model(const json::object& body) {
  const json::value* model = find(body, "model");
  return model != nullptr && model->is_string() ? std::string_view(model->get_string()) : "";
}

Result<json::value> parse_body(std::string_view body) {
  json::value parsed = TRY(parse_json(body, "the request body"));
  if (parsed.is_object()) return parsed;
  return fail(ErrorCode::InvalidArgument, "the request body must be a JSON object");
}

}  // namespace

void Application::answer_post(const Route& route, HttpRequest request,
                              const std::shared_ptr<ResponseWriter>& writer) {
  HttpRequest head;
  head.path = request.path;
  head.id = request.id;
  answer_errors(
      writer, [&] { return run_post(route, std::move(request), writer); },
      [&](const Error& error) { return refused(error, head); });
}

Result<void> Application::run_post(const Route& route, HttpRequest request,
                                   const std::shared_ptr<ResponseWriter>& writer) {
  const auto received = std::chrono::steady_clock::now();
  if (Result<void> available = check_available(); !available) return available;
  json::value parsed = TRY(parse_body(request.body));
  const json::object& body = parsed.get_object();
  if (options_.log_prompts) log_info("request " + request.id + " body " + json::serialize(parsed));
  if (route.path == "/models/load") return start_model_load(body, house_, writer);
  if (route.path == "/models/unload") return start_model_unload(body, house_, writer);

  const std::shared_ptr<const RouterState> state = options_.routing->state();
  if (route.path == "/v1/route/explain") {
    writer->send(json_response(TRY(explain_route(body, request.tenant, state.get()))));
    return {};
  }
  if (route.path == "/v1/redact") {
    writer->send(
        json_response(TRY(redact_route(body, state ? state->config->privacy.get() : nullptr))));
    return {};
  }
  const bool chat = route.path == chat_path;
  if (route.path == messages_path || (chat && names_route(state.get(), asked_model(body))))
    return run_routed(route, std::move(request), body, received, writer);
  if (names_route(state.get(), asked_model(body)))
    return fail(ErrorCode::Unsupported, "routes answer chats only",
                "Use /v1/chat/completions or /v1/messages, or name a model", "model");

  const std::size_t model = TRY(choose_model(house_, body));
  if (request.ticket) TRY(request.ticket->on_model(house_.source(model).name));
  // The record belongs to the connection's thread.
  writer->post([writer, name = house_.source(model).name] { writer->record().model = name; });
  Call call{.path = route.path,
            .tenant = std::move(request.tenant),
            .ticket = request.ticket,
            .model = model};
  if (const ModelLease engine = house_.try_lease(model))
    return run_call(call, body, engine, writer);
  parsed =
      nullptr;  // while it waits, a request is kept as it came: parsed it can be ten times that
  wait_for_model(std::move(call), std::move(request.body), writer);
  return {};
}

Result<void> Application::run_routed(const Route& route, HttpRequest request,
                                     const json::object& body,
                                     std::chrono::steady_clock::time_point received,
                                     const std::shared_ptr<ResponseWriter>& writer) {
  RoutedHttp http{.endpoint = std::string(route.path),
                  .request_id = request.id,
                  .tenant = std::move(request.tenant),
                  .ticket = request.ticket,
                  .hops = std::string(request.header(hops_header)),
                  .conversation = std::string(request.header(conversation_header)),
                  .traceparent = std::string(request.header("traceparent")),
                  .client = route.path == messages_path ? dialects::Dialect::Anthropic
                                                        : dialects::Dialect::OpenAi,
                  .received = received};
  const auto done = [this](const RouteTrace& trace) {
    metrics_.routed(trace);
    if (OtlpExporter* exporter = options_.routing->exporter()) exporter->record(trace);
  };
  const auto shadow_done = [this, done, endpoint = request.route](const RouteTrace& trace) {
    done(trace);
    if (!options_.accountant) return;
    // Nobody asked for it: no key pays for it.
    RequestRecord record;
    record.ledger_id = random_id("");
    record.method = "POST";
    record.route = endpoint;
    record.started = trace.started;
    record.status = trace.status.value_or(200);
    record.seconds = trace.ended_ms.value_or(0.0) / 1000.0;
    record.trace = std::make_shared<const RouteTrace>(trace);
    if (const auto row = options_.accountant->settled(record)) metrics_.accounted(*row);
  };
  return start_routed(
      std::move(http), body,
      {.services = options_.routing.get(),
       .house = &house_,
       .on_done = done,
       .on_shadow = shadow_done,
       .metrics_of = [this](std::size_t model) -> ModelMetrics& { return metrics_.of(model); }},
      writer);
}

void Application::wait_for_model(Call call, std::string body,
                                 const std::shared_ptr<ResponseWriter>& writer) {
  const ModelWait wait{.cancel = writer->cancel().get_token(), .bytes = body.size()};
  const std::size_t model = call.model;
  house_.lease(model, wait,
               [this, call = std::move(call), body = std::move(body),
                writer](const Result<ModelLease>& engine) {
                 answer_errors(
                     writer,
                     [&]() -> Result<void> {
                       if (!engine) return std::unexpected(engine.error());
                       const json::value parsed = TRY(parse_body(body));
                       return run_call(call, parsed.get_object(), *engine, writer);
                     },
                     [](const Error& error) { return error_response(error); });
               });
}

Result<void> Application::run_call(const Call& call, const json::object& body,
                                   const ModelLease& engine,
                                   const std::shared_ptr<ResponseWriter>& writer) {
  const std::string& name = house_.source(call.model).name;
  ModelMetrics& metrics = metrics_.of(call.model);
  if (call.path == "/v1/embeddings")
    return start_embeddings(body, engine, name, metrics, call.ticket, writer);
  if (call.path == "/tokenize") {
    writer->send(json_response(TRY(tokenize_route(body, *engine))));
    return {};
  }
  if (call.path == "/detokenize") {
    writer->send(json_response(TRY(detokenize_route(body, *engine))));
    return {};
  }
  if (call.path == "/apply-template") {
    writer->send(json_response(TRY(apply_template_route(body, *engine))));
    return {};
  }
  const bool chat = call.path == chat_path;
  TextRequest text =
      TRY(chat ? read_chat_request(body, *engine) : read_completion_request(body, *engine));
  text.generation.tenant = call.tenant;
  if (call.ticket) {
    std::uint64_t prompt_tokens = 0;
    for (const TextPrompt& prompt : text.prompts) prompt_tokens += prompt.tokens.size();
    TRY(call.ticket->on_tokens_estimate(
        prompt_tokens, text.generation.tokens_max * text.prompts.size() * text.choices_per_prompt));
  }
  TextCall::start(
      {.engine = engine, .metrics = &metrics, .model_name = name, .route = std::string(call.path)},
      std::move(text), writer);
  return {};
}

}  // namespace croft

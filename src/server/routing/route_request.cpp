#include "server/routing/route_request.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random_bits.h"
#include "router/dialects/read_request.h"
#include "router/dialects/write_request.h"
#include "router/gates/run_gates.h"
#include "router/policy/decide.h"
#include "router/policy/explain.h"
#include "server/api/fields.h"
#include "server/api/routes.h"
#include "server/routing/routed_call.h"

namespace croft {
namespace {

using Clock = std::chrono::steady_clock;

GateScratch& scratch() {
  thread_local GateScratch memory;
  return memory;
}

std::string_view model_of(const json::object& body) {
  const json::value* model = find(body, "model");
  return model != nullptr && model->is_string() ? std::string_view(model->get_string()) : "";
}

Result<dialects::ChatCall> read_call(dialects::Dialect client, const json::object& body) {
  if (client == dialects::Dialect::Anthropic) {
    TRY(check_fields(message_fields(), body));
    return dialects::read_anthropic_messages(body);
  }
  return dialects::read_openai_chat(body);
}

/// What a routed request cannot have, because two models may share in answering it.
Result<void> check_call(const dialects::ChatCall& call) {
  if (call.choices > 1)
    return fail(ErrorCode::Unsupported, "`n` above 1 cannot be routed",
                "Send the request several times, or name a model instead of a route", "n");
  if (call.logprobs)
    return fail(ErrorCode::Unsupported, "`logprobs` cannot be routed",
                "Name a model instead of a route", "logprobs");
  return {};
}

/// The request as the local model's own reader takes it: OpenAI's form without what routes it.
Result<json::object> local_body(dialects::Dialect client, const dialects::ChatCall& call,
                                const json::object& body) {
  json::object local;
  if (client == dialects::Dialect::OpenAi) {
    local = body;
  } else {
    dialects::OpenAiTarget target;
    target.model = "local";
    target.engine_extras = true;
    dialects::WrittenRequest written = TRY(dialects::write_openai(call, target));
    local = std::move(written.body);
  }
  for (const char* name : {"model", "route_trace"}) local.erase(name);
  return local;
}

/// What the prompt can have at most: no tokenizer makes more than a token of a byte, and everything
/// that is not text counts as well.
std::uint64_t prompt_tokens_most(const json::object& body) {
  constexpr std::uint64_t around = 64;
  return json::serialize(body).size() + around;
}
/// For rates, where too much would keep others out: three bytes a token.
std::uint64_t prompt_estimate(std::uint64_t most) {
  return most / 3 + 1;
}

std::optional<Clock::time_point> deadline_of(const json::object& body) {
  const auto milliseconds = read_integer(body, "deadline_ms");
  if (!milliseconds) return std::nullopt;
  return Clock::now() + std::chrono::milliseconds(*milliseconds);
}

RouteTrace begin_route_trace(const RoutedHttp& http, RoutingServices& services) {
  RouteTrace trace;
  trace.started = std::chrono::system_clock::now();
  trace.request_id = http.request_id;
  trace.context = services.exporter() != nullptr ? services.exporter()->begin(http.traceparent)
                                                 : begin_trace(http.traceparent, 0.0);
  return trace;
}

void note_decision(const RouterConfig& config, const RouteDecision& decision, RouteTrace& trace) {
  trace.rule = decision.rule == nullptr ? "" : decision.rule->name;
  trace.reason = decision_sentence(config, decision);
  for (const ChosenCandidate& chosen : decision.candidates)
    trace.candidates.push_back({.model = config.models[chosen.model].name});
  for (const DroppedCandidate& dropped : decision.dropped)
    trace.candidates.push_back({.model = config.models[dropped.model].name,
                                .skipped = std::string(drop_reason_text(dropped.why))});
}

json::object features_of(const GateSignals& signals) {
  json::object features{{"tokens", signals.tokens},
                        {"characters", signals.characters},
                        {"answer_tokens", signals.answer_tokens},
                        {"tools", signals.tools},
                        {"json", signals.json},
                        {"images", signals.images}};
  if (signals.code) features["code"] = *signals.code;
  if (signals.language) features["language"] = *signals.language;
  if (signals.intent)
    features["intent_probability"] = std::round(signals.intent->probability * 1e4) / 1e4;
  if (!signals.entities.empty()) {
    json::array names;
    for (const std::string_view name : signals.entities) names.emplace_back(name);
    features["entities"] = std::move(names);
  }
  return features;
}

Error refusal(const RouterConfig& config, const RouteDecision& decision) {
  return {.code = ErrorCode::Forbidden,
          .message = "this route refuses the request: " + decision_sentence(config, decision),
          .hint = "POST /v1/route/explain says why in full",
          .field = "model"};
}

/// The plan of a request that names a served model: no gate, no rule, no other candidate.
RoutedPlan plan_for_model(std::string name, RouteTrace& trace) {
  RoutedPlan plan;
  plan.decision.mode = RouteMode::Local;
  plan.local_model = std::move(name);
  trace.requested_model = plan.local_model;
  trace.reason = "the request names a local model";
  return plan;
}

Result<RoutedPlan> plan_for_route(const RouteRuntime& route, const RouterState& state,
                                  const json::object& body, const RoutedHttp& http,
                                  RouteTrace& trace) {
  const RouterConfig& config = *state.config;
  RequestFacts facts;
  facts.tenant = http.tenant;
  facts.draw = random_bits();
  if (const auto milliseconds = read_integer(body, "deadline_ms"))
    facts.deadline = std::chrono::milliseconds(*milliseconds);
  scratch().privacy.custom = config.privacy.get();
  const GateFindings gates = run_gates(body, facts, route.intents.get(), scratch());
  RoutedPlan plan;
  plan.route = &route;
  plan.sensitivity = gates.sensitivity;
  const auto before = Clock::now();
  decide(config, *route.config, gates.signals, wall_clock(std::chrono::system_clock::now()),
         plan.decision);
  trace.gates = gates.trace;
  trace.features = features_of(gates.signals);
  trace.gates.push_back(
      {.gate = "policy",
       .outcome = std::string(route_mode_text(plan.decision.mode)),
       .microseconds = std::chrono::duration<double, std::micro>(Clock::now() - before).count()});
  trace.route = route.config->name;
  trace.requested_model = route.config->name;
  note_decision(config, plan.decision, trace);
  if (plan.decision.mode == RouteMode::Refuse)
    return std::unexpected(refusal(config, plan.decision));
  for (const ChosenCandidate& chosen : plan.decision.candidates) {
    const CandidateModel& model = config.models[chosen.model];
    if (!model.is_local()) continue;
    plan.local_model = model.model;
    break;
  }
  if (gates.signals.intent) plan.known.intent_probability = gates.signals.intent->probability;
  return plan;
}

/// Each prompt keeps memory of its own: the signals point into it.
Result<json::object> explain_rows(const json::value& prompts, const RouterState& state,
                                  const RouteRuntime& route, const RequestFacts& facts,
                                  WallClock now) {
  const json::array* list = prompts.if_array();
  if (list == nullptr || list->empty() || list->size() > dry_run_rows_max)
    return fail(ErrorCode::InvalidArgument,
                "`prompts` must be a list of 1 to " + std::to_string(dry_run_rows_max) +
                    " objects with `prompt` and, where it is labelled, `expected`",
                {}, "prompts");
  std::vector<json::object> bodies;
  std::vector<GateScratch> memory(list->size());
  std::vector<DryRunRow> rows;
  bodies.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string name = "prompts[" + std::to_string(i) + "]";
    const auto prompt = find_string((*list)[i], "prompt");
    if (!prompt)
      return fail(ErrorCode::InvalidArgument, "`" + name + ".prompt` must be a string", {},
                  name + ".prompt");
    bodies.push_back(
        {{"messages", json::array{json::object{{"role", "user"}, {"content", *prompt}}}}});
    rows.push_back(
        {.name = name,
         .signals = run_gates(bodies.back(), facts, route.intents.get(), memory[i]).signals,
         .expected = std::string(find_string((*list)[i], "expected").value_or(""))});
  }
  return dry_run(*state.config, *route.config, rows, now);
}

}  // namespace

bool names_route(const RouterState* state, std::string_view model) {
  return state != nullptr && !model.empty() && state->find_route(model) != nullptr;
}

Result<void> start_routed(RoutedHttp http, const json::object& body, const RoutedServer& server,
                          const std::shared_ptr<ResponseWriter>& writer) {
  RoutedContext context{.state = server.services->state(),
                        .house = server.house,
                        .services = server.services,
                        .endpoint = http.endpoint,
                        .tenant = http.tenant,
                        .ticket = http.ticket,
                        .hops = http.hops,
                        .conversation = http.conversation,
                        .deadline = deadline_of(body),
                        .client = http.client,
                        .on_done = server.on_done,
                        .on_shadow = server.on_shadow,
                        .metrics_of = server.metrics_of};
  dialects::ChatCall call = TRY(read_call(http.client, body));
  RouteTrace trace = begin_route_trace(http, *server.services);
  trace.streamed = call.stream;
  RoutedPlan plan;
  if (names_route(context.state.get(), model_of(body))) {
    TRY(check_call(call));
    if (http.ticket) TRY(http.ticket->on_model(model_of(body)));
    const RouteRuntime& route = *context.state->find_route(model_of(body));
    Result<RoutedPlan> planned = plan_for_route(route, *context.state, body, http, trace);
    if (!planned) {
      // Why it was refused is what the ledger is asked for most.
      trace.error = planned.error().code;
      trace.status = traits(*trace.error).http_status;
      trace.ended_ms = 0.0;
      if (server.on_done) server.on_done(trace);
      writer->post([writer, refused = std::make_shared<const RouteTrace>(std::move(trace))] {
        writer->record().trace = refused;
      });
      return std::unexpected(std::move(planned).error());
    }
    plan = *std::move(planned);
  } else {
    const std::size_t model = TRY(choose_model(*server.house, body));
    if (http.ticket) TRY(http.ticket->on_model(server.house->source(model).name));
    plan = plan_for_model(server.house->source(model).name, trace);
  }
  if (http.ticket) {
    plan.prompt_tokens_most = prompt_tokens_most(body);
    // A budget has to know what an answer can cost: what the client did not limit, we do.
    if (plan.route != nullptr && http.ticket->has_budget() && !call.tokens_max)
      call.tokens_max = static_cast<std::int64_t>(answer_tokens_max(call));
    TRY(http.ticket->on_tokens_estimate(prompt_estimate(plan.prompt_tokens_most),
                                        answer_tokens_max(call)));
  }
  json::object local;
  if (!plan.local_model.empty()) {
    Result<json::object> written = local_body(http.client, call, body);
    // What the local model's dialect cannot say is for the cloud, where the route has one.
    if (!written && plan.decision.mode == RouteMode::Local)
      return std::unexpected(std::move(written).error());
    if (written)
      local = *std::move(written);
    else
      plan.local_model.clear();
  }
  writer->post([writer, name = plan.local_model] { writer->record().model = name; });
  trace.overhead_microseconds =
      std::chrono::duration<double, std::micro>(Clock::now() - http.received).count();
  RoutedCall::start(std::move(context), std::move(plan), std::move(call), std::move(local),
                    std::move(trace), writer);
  return {};
}

json::object route_json(const RouterState& state, const RouteRuntime& route, std::int64_t created) {
  const auto names = [&](const std::vector<std::uint32_t>& models) {
    json::array list;
    for (const std::uint32_t index : models) list.emplace_back(state.config->models[index].name);
    return list;
  };
  return {{"id", route.config->name},
          {"object", "model"},
          {"created", created},
          {"owned_by", "croft"},
          {"location", "route"},
          {"local", names(route.config->local)},
          {"cloud", names(route.config->cloud)},
          {"capabilities", json::array{"chat"}}};
}

Result<json::object> explain_route(const json::object& body, std::string_view tenant,
                                   const RouterState* state) {
  TRY(check_fields(explain_fields(), body));
  if (state == nullptr || state->routes.empty())
    return fail(ErrorCode::NotFound, "this server has no routes",
                "Routes are made in croft.toml; see docs/routing.md", "model");
  const RouteRuntime* route = state->find_route(model_of(body));
  if (route == nullptr) {
    std::string names;
    for (const RouteRuntime& one : state->routes)
      names += (names.empty() ? "" : ", ") + one.config->name;
    return fail(ErrorCode::NotFound, "`model` names no route", "The routes are " + names, "model");
  }
  const WallClock now = wall_clock(std::chrono::system_clock::now());
  RequestFacts facts;
  facts.tenant = tenant;
  facts.draw = random_bits();
  const json::value* prompts = find(body, "prompts");
  scratch().privacy.custom = state->config->privacy.get();
  if (prompts == nullptr) {
    const GateFindings gates = run_gates(body, facts, route->intents.get(), scratch());
    RouteDecision decision;
    decide(*state->config, *route->config, gates.signals, now, decision);
    json::object answer = decision_json(*state->config, decision, gates.signals, now);
    answer["sentence"] = decision_sentence(*state->config, decision);
    return answer;
  }
  return explain_rows(*prompts, *state, *route, facts, now);
}

}  // namespace croft

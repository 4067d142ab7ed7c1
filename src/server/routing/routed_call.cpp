#include "server/routing/routed_call.h"

#include <algorithm>
#include <random>
#include <utility>

#include "router/confidence/answer_span.h"
#include "server/api/routes.h"
#include "server/api/text_request.h"
#include "server/routing/attempt_trace.h"
#include "server/routing/shadow_check.h"

namespace croft {
namespace {

constexpr std::size_t alternatives = 5;  // per token: margin and a bound of the entropy

ConfidencePoint traced(DecisionPoint point) {
  switch (point) {
    case DecisionPoint::Prefill:
      return ConfidencePoint::Prefill;
    case DecisionPoint::Early:
      return ConfidencePoint::Tokens;
    case DecisionPoint::End:
      break;
  }
  return ConfidencePoint::End;
}

privacy::PrivacyMode privacy_mode(RoutePrivacy privacy) {
  switch (privacy) {
    case RoutePrivacy::LocalOnly:
      return privacy::PrivacyMode::LocalOnly;
    case RoutePrivacy::Block:
      return privacy::PrivacyMode::Block;
    case RoutePrivacy::Allow:
      break;
  }
  return privacy::PrivacyMode::Allow;
}

std::size_t place_of(DecisionPoint point) {
  return static_cast<std::size_t>(point);
}

std::optional<std::uint64_t> counted(const std::optional<std::int64_t>& tokens) {
  if (!tokens || *tokens < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*tokens);
}

std::string_view finish_word(const dialects::Finished& finished) {
  if (!finished.upstream_word.empty()) return finished.upstream_word;
  return finished.cause == dialects::FinishCause::Length ? "length" : "stop";
}

}  // namespace

void RoutedCall::start(RoutedContext context, RoutedPlan plan, dialects::ChatCall call,
                       json::object openai_body, RouteTrace trace,
                       std::shared_ptr<ResponseWriter> writer) {
  auto self = std::make_shared<RoutedCall>(std::move(context), std::move(plan), std::move(call),
                                           std::move(trace), std::move(writer));
  for (std::size_t i = 0; i < self->plan_.decision.candidates.size(); ++i)
    if (!self->model_of(i).is_local()) self->cloud_candidates_.push_back(i);
  if (!self->plan_.local_model.empty())
    self->lease_local(std::move(openai_body));
  else
    self->writer_->post([self] { self->begin(); });
}

RoutedCall::RoutedCall(RoutedContext context, RoutedPlan plan, dialects::ChatCall call,
                       RouteTrace trace, std::shared_ptr<ResponseWriter> writer)
    : context_(std::move(context)),
      plan_(std::move(plan)),
      call_(std::move(call)),
      trace_(std::move(trace)),
      writer_(std::move(writer)),
      started_(Clock::now()) {
  if (const json::value* wanted = call_.route_trace ? &*call_.route_trace : nullptr)
    wants_trace_ = wanted->is_bool() && wanted->get_bool();
}

RoutedCall::~RoutedCall() = default;

const CandidateModel& RoutedCall::model_of(std::size_t candidate) const {
  return context_.state->config->models[plan_.decision.candidates[candidate].model];
}

double RoutedCall::elapsed_ms() const {
  return std::chrono::duration<double, std::milli>(Clock::now() - started_).count();
}

bool RoutedCall::can_escalate() const {
  return !cloud_candidates_.empty() && plan_.decision.mode != RouteMode::Local;
}

// ---- The local side ----

void RoutedCall::lease_local(json::object openai_body) {
  const Result<std::size_t> model = find_served_model(*context_.house, plan_.local_model);
  if (!model) {
    local_refusal_ = model.error();
    writer_->post([self = shared_from_this()] { self->begin(); });
    return;
  }
  const ModelWait wait{.cancel = writer_->cancel().get_token(),
                       .bytes = json::serialize(openai_body).size()};
  const auto take = [self = shared_from_this(),
                     body = std::move(openai_body)](const Result<ModelLease>& lease) {
    if (lease) {
      self->engine_ = *lease;
      self->prepare_local(body);
    } else {
      self->local_refusal_ = lease.error();
    }
    self->writer_->post([self] { self->begin(); });
  };
  if (ModelLease lease = context_.house->try_lease(*model))
    take(std::move(lease));
  else
    context_.house->lease(*model, wait, take);
}

void RoutedCall::prepare_local(const json::object& openai_body) {
  Result<TextRequest> request = read_chat_request(openai_body, *engine_);
  if (!request) {
    local_refusal_ = std::move(request).error();
    return;
  }
  request->generation.tenant = context_.tenant;
  if (plan_.decision.mode == RouteMode::Cascade) {
    request->generation.logprobs = true;
    request->generation.top_logprobs = alternatives;
  }
  local_request_ = std::move(*request);
}

void RoutedCall::begin() {
  trace_.overhead_microseconds =
      std::chrono::duration<double, std::micro>(Clock::now() - started_).count() +
      trace_.overhead_microseconds;
  client_left_.emplace(writer_->cancel().get_token(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->writer_->post([self] {
      if (self->cloud_) self->cloud_->cancel();
      if (!self->ended_) self->end(ErrorCode::Cancelled);
    });
  });
  if (plan_.decision.mode == RouteMode::Cloud) return begin_cloud();
  if (local_refusal_) {
    if (can_escalate()) {
      trace_.escalated_at_token = 0;
      return begin_cloud();
    }
    return fail_call(*local_refusal_);
  }
  if (plan_.decision.mode == RouteMode::Cascade && can_escalate()) {
    if (const std::optional<std::string> why = plan_.route->distrust(engine_->chat_template())) {
      // Nothing proves when its answers are good enough: not even begun.
      trace_.confidence.push_back(
          {.point = ConfidencePoint::Prefill, .decision = ConfidenceDecision::Escalate});
      trace_.reason += "; " + *why;
      trace_.escalated_at_token = 0;
      return begin_cloud();
    }
  }
  begin_local();
}

AttemptTrace RoutedCall::local_attempt_trace() const {
  AttemptTrace attempt;
  attempt.provider = "local";
  attempt.model = plan_.local_model;
  attempt.dialect = "local";
  attempt.started_ms = elapsed_ms();
  attempt.prompt_tokens = local_request_->prompts.front().tokens.size();
  attempt.price = AttemptPrice{};
  return attempt;
}

void RoutedCall::begin_local() {
  if (plan_.decision.mode != RouteMode::Cascade || !can_escalate()) source_ = Source::Local;
  local_trace_ = trace_.attempts.size();
  trace_.attempts.push_back(local_attempt_trace());
  AnswerContext known = plan_.known;
  known.prompt_tokens = static_cast<double>(local_request_->prompts.front().tokens.size());
  signals_.emplace(known);
  if (source_ == Source::Undecided && plan_.route->config->samples > 0)
    sample_request_ = *local_request_;
  writer_->record().prompt_tokens += local_request_->prompts.front().tokens.size();
  Result<std::shared_ptr<LocalAttempt>> attempt =
      LocalAttempt::start(engine_, std::move(*local_request_), writer_, shared_from_this());
  if (!attempt) {
    on_local(dialects::Failed{.error = attempt.error()});
    return;
  }
  local_ = *attempt;
  on_local(dialects::Started{.id = {}, .model = plan_.local_model});
  if (source_ == Source::Undecided && plan_.route->config->speculative) begin_cloud();
}

void RoutedCall::on_token(const TokenLogprob& token, std::size_t text_bytes) {
  AttemptTrace& attempt = trace_.attempts[*local_trace_];
  if (!attempt.first_token_ms) attempt.first_token_ms = elapsed_ms();
  if (source_ != Source::Undecided) return;
  signals_->add(token, text_bytes);
  if (signals_->token_count() == 1) judge(DecisionPoint::Prefill);
  const Calibration& calibration = *plan_.route->calibration;
  if (source_ == Source::Undecided && !ended_ && calibration.early_tokens != 0 &&
      signals_->token_count() == calibration.early_tokens)
    judge(DecisionPoint::Early);
}

void RoutedCall::on_local(dialects::AnswerEvent event) {
  if (ended_ || source_ == Source::Cloud) return;
  AttemptTrace& attempt = trace_.attempts[*local_trace_];
  if (const auto* delta = std::get_if<dialects::TextDelta>(&event)) {
    local_text_ += delta->text;
    if (!attempt.first_token_ms) attempt.first_token_ms = elapsed_ms();
    writer_->record().generated_tokens = local_->tokens();
  } else if (const auto* usage = std::get_if<dialects::Usage>(&event)) {
    attempt.prompt_tokens = counted(usage->prompt_tokens);
    attempt.cached_tokens = counted(usage->cached_tokens);
    attempt.completion_tokens = counted(usage->completion_tokens);
  } else if (const auto* finished = std::get_if<dialects::Finished>(&event)) {
    attempt.ended_ms = elapsed_ms();
    attempt.finish_reason = finish_word(*finished);
    if (source_ == Source::Undecided) {
      held_.push_back(std::move(event));
      return judge(DecisionPoint::End);
    }
  } else if (const auto* failed = std::get_if<dialects::Failed>(&event)) {
    attempt.ended_ms = elapsed_ms();
    attempt.error = failed->error.code;
    if (!head_sent_ && can_escalate()) return escalate(local_ ? local_->tokens() : 0);
  }
  if (source_ == Source::Local) {
    trace_.answered_by = local_trace_;
    send(std::move(event));
  } else {
    held_.push_back(std::move(event));
  }
}

void RoutedCall::judge(DecisionPoint point) {
  const Calibration& calibration = *plan_.route->calibration;
  if (point == DecisionPoint::End) {
    if (const auto span = find_answer_span(local_text_, AnswerSpan::LastLine))
      signals_->mark_span(*span);
  }
  const auto& model = calibration.models[place_of(point)];
  if (!model && point != calibration.decide_at) {
    // What was decided earlier stands: the end has no say of its own.
    if (point == DecisionPoint::End) commit_local();
    return;
  }
  const ConfidenceFeatures features = signals_->features();
  if (point == DecisionPoint::End && samples_decide(features)) return;
  const ServingDecision decision = calibration.decide(point, features);
  ConfidenceTrace note{.point = traced(point), .token = signals_->token_count()};
  if (model) note.probability = model->score(features);
  note.threshold = calibration.rule.thresholds[place_of(point)];
  note.decision = decision == ServingDecision::Serve      ? ConfidenceDecision::Keep
                  : decision == ServingDecision::Escalate ? ConfidenceDecision::Escalate
                                                          : ConfidenceDecision::GoOn;
  trace_.confidence.push_back(note);
  if (decision == ServingDecision::Escalate) return escalate(signals_->token_count());
  // An answer may end before the point that was to decide: then its end decides with what is known.
  const bool now = plan_.route->config->commit == CommitPolicy::Prefix;
  if (point == DecisionPoint::End || (decision == ServingDecision::Serve && now)) commit_local();
}

/// Whether further samples are asked before the end is judged: only where their agreement could
/// turn the decision. True: they are under way, and judge() comes again.
bool RoutedCall::samples_decide(ConfidenceFeatures features) {
  const std::size_t count = plan_.route->config->samples;
  if (count == 0 || samples_ || !sample_request_) return false;
  const Calibration& calibration = *plan_.route->calibration;
  features[ConfidenceFeature::SampleAgreement] = 0.0;
  const ServingDecision none = calibration.decide(DecisionPoint::End, features);
  features[ConfidenceFeature::SampleAgreement] = 1.0;
  if (calibration.decide(DecisionPoint::End, features) == none) return false;
  samples_ = std::make_shared<SampleRound>(local_text_, count,
                                           [weak = weak_from_this()](double agreement) {
                                             const auto self = weak.lock();
                                             if (!self || self->ended_) return;
                                             self->signals_->set_sample_agreement(agreement);
                                             self->judge(DecisionPoint::End);
                                           });
  samples_->start(engine_, *sample_request_, writer_);
  return true;
}

void RoutedCall::escalate(std::size_t at_token) {
  trace_.escalated_at_token = at_token;
  if (local_) {
    AttemptTrace& attempt = trace_.attempts[*local_trace_];
    if (attempt.ended_ms == 0.0) {
      attempt.ended_ms = elapsed_ms();
      attempt.error = ErrorCode::Cancelled;
      attempt.completion_tokens = local_->tokens();
    }
    local_->cancel();
    trace_.thrown_away_tokens = local_->tokens();
  }
  held_.clear();
  begin_cloud();
}

void RoutedCall::commit_local() {
  source_ = Source::Local;
  if (cloud_) cloud_->cancel();
  cloud_held_.clear();
  trace_.answered_by = local_trace_;
  std::vector<dialects::AnswerEvent> held;
  held.swap(held_);
  for (dialects::AnswerEvent& event : held) send(std::move(event));
}

void RoutedCall::start_shadow() {
  const RouteConfig& config = *plan_.route->config;
  thread_local std::mt19937_64 random{std::random_device()()};
  if (config.shadow <= 0.0 || !plan_.route->drift ||
      plan_.sensitivity.verdict != privacy::Verdict::None ||
      !std::bernoulli_distribution(config.shadow)(random))
    return;
  Result<std::string> hops = next_hops(context_.hops, context_.services->instance());
  if (!hops) return;
  CloudRequest request = cloud_request(cloud_candidates_, *std::move(hops));
  request.deadline.reset();
  start_shadow_check(*context_.services,
                     {.request = std::move(request),
                      .local_answer = local_text_,
                      .drift = plan_.route->drift,
                      .route = config.name,
                      .agreement_min = config.shadow_agreement},
                     context_.on_done);
}

// ---- The cloud's side ----

void RoutedCall::begin_cloud() {
  if (cloud_) {  // it was begun on speculation
    source_ = Source::Cloud;
    auto held = std::exchange(cloud_held_, {});
    for (HeldCloudEvent& event : held)
      on_cloud(event.target, std::move(event.event), std::move(event.notes));
    return;
  }
  if (source_ == Source::Undecided && (!local_ || trace_.escalated_at_token))
    source_ = Source::Cloud;
  ask_cloud(cloud_candidates_);
}

CloudRequest RoutedCall::cloud_request(const std::vector<std::size_t>& candidates,
                                       std::string hops) const {
  CloudRequest request;
  for (const std::size_t candidate : candidates) {
    const CandidateModel& model = model_of(candidate);
    request.targets.push_back({.name = model.name,
                               .upstream = context_.state->upstreams[*model.upstream],
                               .model = plan_.decision.candidates[candidate].model});
  }
  request.config = context_.state->config;
  request.call = call_;
  request.privacy.mode = privacy_mode(plan_.route->config->privacy);
  request.sensitivity = plan_.sensitivity;
  request.trace = trace_.context;
  request.hops = std::move(hops);
  request.deadline = context_.deadline;
  return request;
}

void RoutedCall::ask_cloud(std::vector<std::size_t> candidates) {
  cloud_started_ms_ = elapsed_ms();
  asked_candidates_ = std::move(candidates);
  Result<std::string> hops = next_hops(context_.hops, context_.services->instance());
  if (!hops) return fail_call(hops.error());
  cloud_ = CloudAsk::start(
      context_.services->transfers(), cloud_request(asked_candidates_, *std::move(hops)),
      [self = shared_from_this()](std::size_t target, dialects::AnswerEvent event,
                                  CloudAsk::Notes notes) {
        self->writer_->post(
            [self, target, event = std::move(event), notes = std::move(notes)]() mutable {
              self->on_cloud(target, std::move(event), std::move(notes));
            });
      });
}

void RoutedCall::on_cloud(std::size_t target, dialects::AnswerEvent event, CloudAsk::Notes notes) {
  if (ended_ || source_ == Source::Local) return;
  if (source_ == Source::Undecided) {  // begun on speculation: the local answer decides
    cloud_held_.push_back({target, std::move(event), std::move(notes)});
    return;
  }
  if (!trace_.answered_by) note_answering(target);
  if (notes) note_cloud(*notes);
  if (const auto* failed = std::get_if<dialects::Failed>(&event); failed != nullptr) {
    if (!go_on_elsewhere(target)) fail_call(failed->error);
    return;
  }
  if (const auto* delta = std::get_if<dialects::TextDelta>(&event)) cloud_text_ += delta->text;
  if (std::holds_alternative<dialects::ToolCallBegin>(event)) called_tools_ = true;
  // A second beginning belongs to an answer that went on: the client has had the first.
  if (std::holds_alternative<dialects::Started>(event) && head_sent_) return;
  send(std::move(event));
}

/// What the head of a stream says, before all is known.
void RoutedCall::note_answering(std::size_t target) {
  const CandidateModel& model = model_of(asked_candidates_[target]);
  provisional_ = trace_.answered_by = trace_.attempts.size();
  trace_.attempts.push_back(attempt_trace(
      model, context_.state->upstreams[*model.upstream]->config(), cloud_started_ms_));
}

void RoutedCall::note_cloud(const std::vector<AttemptNote>& notes) {
  if (provisional_) {
    trace_.attempts.resize(*provisional_);
    trace_.answered_by.reset();
    provisional_.reset();
  }
  for (const AttemptNote& note : notes) {
    const CandidateModel& model = model_of(asked_candidates_[note.target]);
    if (!note.skipped.empty()) {
      trace_.candidates.push_back({.model = model.name, .skipped = note.skipped});
      continue;
    }
    if (note.won) trace_.answered_by = trace_.attempts.size();
    trace_.attempts.push_back(attempt_trace(
        note, model, context_.state->upstreams[*model.upstream]->config(), cloud_started_ms_));
  }
}

/// An upstream died in mid-answer. Where the route wants it so, the next candidate goes on from
/// there; false: it is the end.
bool RoutedCall::go_on_elsewhere(std::size_t target) {
  const bool wanted = plan_.route->config->after_first_byte == AfterFirstByte::Fallback;
  if (!wanted || !head_sent_ || called_tools_ || cloud_text_.empty()) return false;
  std::vector<std::size_t> left(asked_candidates_.begin() + static_cast<std::ptrdiff_t>(target) + 1,
                                asked_candidates_.end());
  if (left.empty()) return false;
  dialects::ChatMessage said;
  said.role = dialects::ChatRole::Assistant;
  said.content.push_back(dialects::TextPart{.text = std::exchange(cloud_text_, {})});
  call_.messages.push_back(std::move(said));
  dialects::ChatMessage wish;
  wish.content.push_back(dialects::TextPart{
      .text = "Your last message was cut off. Go on exactly where it stopped, in the middle of a "
              "word if need be, and repeat nothing of it."});
  call_.messages.push_back(std::move(wish));
  trace_.reason += "; it broke off, and the next candidate went on";
  cloud_ = nullptr;
  ask_cloud(std::move(left));
  return true;
}

// ---- The answer ----

dialects::AnswerLook RoutedCall::look() const {
  const bool openai = context_.client == dialects::Dialect::OpenAi;
  dialects::AnswerLook look;
  look.id = random_id(openai ? "chatcmpl-" : "msg_");
  const AttemptTrace* answer = answer_of(trace_);
  if (answer != nullptr) look.model = answer->model;
  look.created = std::chrono::duration_cast<std::chrono::seconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count();
  if (source_ == Source::Local && openai) look.fingerprint = engine_->fingerprint();
  look.include_usage = call_.include_usage;
  look.request_id = trace_.request_id;
  look.warnings = call_.warnings;
  if (wants_trace_) look.extra["route_trace"] = trace_json(trace_);
  return look;
}

std::vector<HttpHeader> RoutedCall::route_headers() const {
  std::vector<HttpHeader> headers;
  for (auto& [name, value] : trace_headers(trace_)) headers.push_back({name, value});
  return headers;
}

void RoutedCall::send(dialects::AnswerEvent event) {
  const auto* finished = std::get_if<dialects::Finished>(&event);
  if (const auto* failed = std::get_if<dialects::Failed>(&event); failed != nullptr)
    return fail_call(failed->error);
  if (const auto* usage = std::get_if<dialects::Usage>(&event)) {
    writer_->record().prompt_tokens = counted(usage->prompt_tokens).value_or(0);
    writer_->record().generated_tokens = counted(usage->completion_tokens).value_or(0);
  }
  const bool last = finished != nullptr;
  if (!call_.stream) {
    events_.push_back(std::move(event));
    if (last) send_whole();
    return;
  }
  if (!head_sent_) send_head();
  if (std::string bytes = answer_->write(event); !bytes.empty()) writer_->write(std::move(bytes));
  if (!last) return;
  writer_->end_stream(true);
  end(std::nullopt);
}

void RoutedCall::send_head() {
  head_sent_ = true;
  answer_ = dialects::make_answer_writer(context_.client, look());
  HttpResponse head;
  head.content_type = "text/event-stream";
  head.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  for (HttpHeader& header : route_headers()) head.headers.push_back(std::move(header));
  writer_->begin_stream(std::move(head));
}

void RoutedCall::send_whole() {
  trace_.ended_ms = elapsed_ms();
  Result<json::object> body = dialects::write_whole_answer(context_.client, look(), events_);
  if (!body) return fail_call(body.error());
  HttpResponse response;
  response.headers = route_headers();
  response.body = json::serialize(*body);
  writer_->send(std::move(response));
  end(std::nullopt);
}

void RoutedCall::fail_call(const Error& error) {
  if (ended_) return;
  if (head_sent_) {
    // A first byte has left: the error is the last event, and the connection ends.
    writer_->write(answer_->write(dialects::Failed{.error = error}));
    writer_->end_stream(false);
  } else {
    trace_.ended_ms = elapsed_ms();
    const dialects::ClientError told =
        dialects::write_client_error(context_.client, error, trace_.request_id);
    HttpResponse response;
    response.status = told.status;
    for (const dialects::Header& header : told.headers)
      response.headers.push_back({header.name, header.value});
    for (HttpHeader& header : route_headers()) response.headers.push_back(std::move(header));
    json::object body = told.body;
    if (wants_trace_) body["route_trace"] = trace_json(trace_);
    response.body = json::serialize(body);
    writer_->send(std::move(response));
  }
  end(error.code);
}

void RoutedCall::end(std::optional<ErrorCode> error) {
  if (ended_) return;
  ended_ = true;
  trace_.ended_ms = elapsed_ms();
  trace_.error = error;
  trace_.status = error ? traits(*error).http_status : 200;
  if (source_ == Source::Local && !error) trace_.answered_by = local_trace_;
  if (local_ && error) {
    AttemptTrace& attempt = trace_.attempts[*local_trace_];
    if (attempt.ended_ms == 0.0) attempt.ended_ms = elapsed_ms();
    if (!attempt.error) attempt.error = error;
  }
  if (local_) local_->cancel();
  if (cloud_) cloud_->cancel();
  if (samples_) samples_->cancel();
  const bool judged = !trace_.confidence.empty() && source_ == Source::Local && !error;
  if (judged) start_shadow();
  // Both hold this call while they work; and what they hold of it is no longer of use.
  client_left_.reset();
  events_ = {};
  held_ = {};
  cloud_held_ = {};
  engine_ = nullptr;
  if (context_.on_done && plan_.route != nullptr) context_.on_done(trace_);
}

}  // namespace croft

#include "server/routing/routed_call.h"

#include <algorithm>
#include <utility>

#include "base/random_bits.h"
#include "router/confidence/answer_span.h"
#include "server/api/routes.h"
#include "server/api/text_request.h"
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

RoutedCall::~RoutedCall() {
  // The server stops, and nobody brings the rest of it: what was asked has costs that are unknown.
  if (closed_ || plan_.route == nullptr) return;
  if (cloud_ && !cloud_done_ && !provisional_) {
    AttemptTrace& attempt = trace_.attempts.emplace_back();
    attempt.provider = "unknown";
    attempt.model = "unknown";
    attempt.error = ErrorCode::Cancelled;
    attempt.price = AttemptPrice{};
  }
  writer_->record().trace = std::make_shared<const RouteTrace>(std::move(trace_));
}

const CandidateModel& RoutedCall::model_of(std::size_t candidate) const {
  return context_.state->config->models[plan_.decision.candidates[candidate].model];
}

double RoutedCall::elapsed_ms() const {
  return std::chrono::duration<double, std::milli>(Clock::now() - started_).count();
}

bool RoutedCall::can_escalate() const {
  return !cloud_candidates_.empty() && plan_.decision.mode != RouteMode::Local;
}
void RoutedCall::lease_local(json::object openai_body) {
  const Result<std::size_t> model = find_served_model(*context_.house, plan_.local_model);
  if (!model) {
    local_refusal_ = model.error();
    writer_->post([self = shared_from_this()] { self->begin(); });
    return;
  }
  metrics_ = &context_.metrics_of(*model);
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
      self->stop_cloud();
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
  const std::size_t prompt_tokens = local_request_->prompts.front().tokens.size();
  known.prompt_tokens = static_cast<double>(prompt_tokens);
  signals_.emplace(known);
  if (source_ == Source::Undecided && plan_.route->config->samples > 0)
    sample_request_ = *local_request_;
  writer_->record().prompt_tokens += prompt_tokens;
  Result<std::shared_ptr<LocalAttempt>> attempt =
      LocalAttempt::start(engine_, std::move(*local_request_), writer_, shared_from_this());
  if (!attempt) {
    on_local(dialects::Failed{.error = attempt.error()});
    return;
  }
  local_ = *attempt;
  on_local(dialects::Started{.id = {},
                             .model = plan_.local_model,
                             .usage = {.prompt_tokens = static_cast<std::int64_t>(prompt_tokens)}});
  if (source_ == Source::Undecided && plan_.route->config->speculative) begin_cloud();
}

void RoutedCall::count_first_token() {
  AttemptTrace& attempt = trace_.attempts[*local_trace_];
  if (attempt.first_token_ms) return;
  attempt.first_token_ms = elapsed_ms();
  writer_->record().first_token_seconds = elapsed_ms() / 1000.0;
  metrics_->first_token(context_.endpoint, elapsed_ms() / 1000.0);
}

void RoutedCall::on_token(const TokenLogprob& token, std::size_t text_bytes) {
  count_first_token();
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
    count_first_token();
    writer_->record().generated_tokens = local_->tokens();
  } else if (const auto* usage = std::get_if<dialects::Usage>(&event)) {
    attempt.prompt_tokens = counted(usage->prompt_tokens);
    attempt.cached_tokens = counted(usage->cached_tokens);
    attempt.completion_tokens = counted(usage->completion_tokens);
  } else if (const auto* finished = std::get_if<dialects::Finished>(&event)) {
    attempt.ended_ms = elapsed_ms();
    attempt.finish_reason = finish_word(*finished);
    metrics_->generation_done(context_.endpoint, finish_word(*finished), local_->usage());
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
  stop_cloud();
  for (const HeldCloudEvent& event : std::exchange(cloud_held_, {}))
    if (event.notes) note_cloud(*event.notes);
  trace_.answered_by = local_trace_;
  std::vector<dialects::AnswerEvent> held;
  held.swap(held_);
  for (dialects::AnswerEvent& event : held) send(std::move(event));
}

void RoutedCall::start_shadow() {
  const RouteConfig& config = *plan_.route->config;
  if (config.shadow <= 0.0 || !plan_.route->drift ||
      plan_.sensitivity.verdict != privacy::Verdict::None ||
      static_cast<double>(random_bits() >> 11) * 0x1p-53 >= config.shadow)
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
                     context_.on_shadow);
}

}  // namespace croft

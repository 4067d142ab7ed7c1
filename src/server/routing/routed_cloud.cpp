// The cloud's side of a routed call: asking, noting what was tried, going on elsewhere.
#include <utility>

#include "server/accounting/account_row.h"
#include "server/routing/attempt_trace.h"
#include "server/routing/routed_call.h"

namespace croft {
namespace {

/// Of those that may be asked: whichever answers, the money is there. Errors: one is unpriced.
Result<CandidatePrice> dearest_price(const std::vector<const CandidateModel*>& models,
                                     std::uint64_t prompt_tokens, std::uint64_t answer_tokens) {
  std::optional<CandidatePrice> dearest;
  std::int64_t most = -1;
  for (const CandidateModel* model : models) {
    CandidatePrice price = TRY(configured_price(*model));
    const std::int64_t cost = TRY(worst_case_cost(prompt_tokens, answer_tokens, price.rates));
    if (cost <= most) continue;
    most = cost;
    dearest = std::move(price);
  }
  if (dearest) return *std::move(dearest);
  return fail(ErrorCode::Unavailable, "nobody is there to be asked");
}

privacy::PrivacyMode privacy_mode(RoutePrivacy privacy) {
  switch (privacy) {
    case RoutePrivacy::LocalOnly:
      return privacy::PrivacyMode::LocalOnly;
    case RoutePrivacy::Block:
      return privacy::PrivacyMode::Block;
    case RoutePrivacy::Pseudonymise:
      return privacy::PrivacyMode::Pseudonymise;
    case RoutePrivacy::Allow:
      break;
  }
  return privacy::PrivacyMode::Allow;
}

/// What the client says makes this conversation; else its first words do.
privacy::Key conversation_of(const dialects::ChatCall& call, const RoutedContext& context) {
  privacy::ConversationName name;
  name.tenant = context.tenant;
  name.id = context.conversation;
  name.user = call.user;
  if (name.id.empty() && call.metadata) {
    const json::value* id = find(*call.metadata, "conversation_id");
    if (id != nullptr && id->is_string()) name.id = id->get_string();
  }
  std::string first_words;
  for (const dialects::ChatMessage& message : call.messages) {
    if (message.role != dialects::ChatRole::User) continue;
    for (const dialects::ContentPart& part : message.content)
      if (const auto* text = std::get_if<dialects::TextPart>(&part)) first_words += text->text;
    break;
  }
  name.first_words = first_words;
  return privacy::conversation_key(name);
}

}  // namespace

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
  if (!reserving_) ask_cloud(cloud_candidates_);
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
  if (request.privacy.mode == privacy::PrivacyMode::Pseudonymise)
    request.conversation = conversation_of(call_, context_);
  request.trace = trace_.context;
  request.hops = std::move(hops);
  request.deadline = context_.deadline;
  return request;
}

void RoutedCall::stop_cloud() {
  if (cloud_ && !cloud_done_) cloud_->cancel();
}

void RoutedCall::ask_cloud(std::vector<std::size_t> candidates) {
  cloud_done_ = false;
  cloud_started_ms_ = elapsed_ms();
  asked_candidates_ = std::move(candidates);
  const std::shared_ptr<AccessTicket>& ticket = context_.ticket;
  if (!ticket || !ticket->has_budget()) return send_to_cloud();
  reserving_ = true;
  const std::uint64_t answer_tokens = answer_tokens_max(call_);
  std::vector<const CandidateModel*> models;
  for (const std::size_t candidate : asked_candidates_) models.push_back(&model_of(candidate));
  ticket->reserve(
      dearest_price(models, plan_.prompt_tokens_most, answer_tokens), plan_.prompt_tokens_most,
      answer_tokens, [self = shared_from_this()](Result<BudgetHold> hold) {
        self->writer_->post([self, hold = std::make_shared<Result<BudgetHold>>(std::move(hold))] {
          self->reserved(std::move(*hold));
        });
      });
}

/// The key's and the team's budget have the money, or not.
void RoutedCall::reserved(Result<BudgetHold> hold) {
  reserving_ = false;
  if (hold && ended_) hold->release();
  if (ended_ || source_ == Source::Local) {
    if (hold) hold->release();
    return;
  }
  if (hold) {
    // The first is the one that is settled, and that a repair after a crash looks for.
    if (holds_.empty()) writer_->record().reservation = hold->id();
    holds_.push_back(*std::move(hold));
    return send_to_cloud();
  }
  // Begun on speculation: the local answer may still do.
  if (source_ == Source::Undecided && local_ && !trace_.escalated_at_token) return;
  fail_call(hold.error());
}

/// Where all that was asked has told its cost; else the worst case is charged when this call goes.
void RoutedCall::settle_budget() {
  if (holds_.empty()) return;
  const Money paid = cloud_cost(trace_);
  if (!paid.has_amount()) return;
  holds_.front().settle(paid.nano);
  for (BudgetHold& hold : holds_) hold.release();  // the first one is settled
}

void RoutedCall::send_to_cloud() {
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
  cloud_done_ = cloud_done_ || notes != nullptr;
  if (ended_ || source_ == Source::Local) {
    // Nobody hears of it, but it cost.
    if (notes) note_cloud(*notes);
    if (ended_) close();
    return;
  }
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
    if (note.won && source_ == Source::Cloud) trace_.answered_by = trace_.attempts.size();
    trace_.attempts.push_back(attempt_trace(note, model,
                                            context_.state->upstreams[*model.upstream]->config(),
                                            cloud_started_ms_, prompt_tokens_about(call_)));
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

}  // namespace croft

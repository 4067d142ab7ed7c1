#include "router/providers/cloud_ask.h"

#include <utility>

#include "base/check.h"
#include "base/random_bits.h"
#include "router/dialects/write_request.h"
#include "router/privacy/pseudonyms/pseudonymise.h"
#include "router/providers/upstream_attempt.h"

namespace croft {
namespace {

Result<dialects::WrittenRequest> write_for(const UpstreamConfig& upstream,
                                           const CandidateModel& model,
                                           const dialects::ChatCall& call) {
  switch (upstream.dialect) {
    case UpstreamDialect::Anthropic: {
      dialects::AnthropicTarget target;
      target.model = model.model;
      return dialects::write_anthropic(call, target);
    }
    case UpstreamDialect::Ollama: {
      dialects::OllamaTarget target;
      target.model = model.model;
      target.context_tokens = static_cast<std::int64_t>(model.context);
      return dialects::write_ollama(call, target);
    }
    case UpstreamDialect::OpenAi:
      break;
  }
  dialects::OpenAiTarget target;
  target.model = model.model;
  return dialects::write_openai(call, target);
}

/// What was never sent: wrong for this upstream, or not to leave this machine.
dialects::Failed unsent(Error error) {
  dialects::Failed failed;
  failed.cause = dialects::FailureCause::Request;
  failed.error = std::move(error);
  failed.reached = false;
  return failed;
}

/// An attempt that failed before it began.
class UnsentAttempt final : public Attempt {
 public:
  void cancel() override {}
};

}  // namespace

std::shared_ptr<CloudAsk> CloudAsk::start(HttpTransfers& transfers, CloudRequest request,
                                          Sink sink) {
  auto ask = std::make_shared<CloudAsk>(transfers, std::move(request), std::move(sink));
  ask->launch();
  return ask;
}

void CloudAsk::launch() {
  // Here rather than on the transfers' thread: a long prompt must not hold up the others' answers.
  first_ = write(request_.targets.front());
  transfers_.post([self = shared_from_this()] { self->run(); });
}

CloudAsk::CloudAsk(HttpTransfers& transfers, CloudRequest request, Sink sink)
    : transfers_(transfers), request_(std::move(request)), sink_(std::move(sink)) {
  CHECK(!request_.targets.empty());
  if (request_.conversation) pseudonyms_.emplace(*request_.conversation);
  scratch_.custom = request_.config->privacy.get();
}

void CloudAsk::run() {
  if (over_) return;
  CloudWorld world;
  world.now = [] { return std::chrono::steady_clock::now(); };
  world.after = [this](std::chrono::milliseconds delay, std::function<void()> task) {
    transfers_.post_after(delay, std::move(task));
  };
  world.begin = [this](const CloudTarget& target, AttemptSink sink) {
    return begin(target, std::move(sink));
  };
  call_ = std::make_shared<CloudCall>(
      std::move(world), CloudOptions{.seed = random_bits()}, request_.targets,
      [this](const CloudTarget& target, dialects::AnswerEvent event) {
        const auto self = shared_from_this();  // the sink may be the last to hold it
        give(static_cast<std::size_t>(&target - call_->targets().data()), std::move(event));
      });
  call_->start();
}

void CloudAsk::give(std::size_t target, dialects::AnswerEvent event) {
  if (!pseudonyms_) return tell(target, std::move(event));
  if (!restorer_) {
    // Only the attempt that answers is heard: nothing joins the map any more.
    const bool json = request_.call.format.kind != dialects::FormatKind::Text;
    restorer_.emplace(pseudonyms_->restorations(),
                      json ? privacy::TextForm::Json : privacy::TextForm::Prose);
  }
  restorer_->feed(std::move(event),
                  [&](dialects::AnswerEvent restored) { tell(target, std::move(restored)); });
}

void CloudAsk::tell(std::size_t target, dialects::AnswerEvent event) {
  if (sink_ == nullptr) return;
  const bool last = std::holds_alternative<dialects::Finished>(event) ||
                    std::holds_alternative<dialects::Failed>(event);
  Notes notes;
  if (last) notes = std::make_shared<const std::vector<AttemptNote>>(call_->notes());
  const Sink sink = last ? std::exchange(sink_, nullptr) : sink_;
  over_ = over_ || last;
  sink(target, std::move(event), std::move(notes));
}

void CloudAsk::cancel() {
  transfers_.post([self = shared_from_this()] {
    self->over_ = true;
    if (self->call_) self->call_->cancel();
    const Sink sink = std::exchange(self->sink_, nullptr);
    if (sink == nullptr) return;  // it was over already
    dialects::Failed failed;
    failed.error = {.code = ErrorCode::Cancelled,
                    .message = "the request was cancelled",
                    .hint = {},
                    .field = {}};
    sink(0, failed,
         std::make_shared<const std::vector<AttemptNote>>(
             self->call_ ? self->call_->notes() : std::vector<AttemptNote>()));
  });
}

Result<privacy::SanitisedRequest> CloudAsk::sanitised(json::object body) {
  privacy::PseudonymMap* pseudonyms = pseudonyms_ ? &*pseudonyms_ : nullptr;
  if (pseudonyms != nullptr && !call_is_noted_) {
    call_is_noted_ = privacy::note_call(request_.call, privacy::forbidden_types(request_.privacy),
                                        request_.privacy.limits, scratch_, *pseudonyms);
    if (!call_is_noted_)
      return fail(ErrorCode::Forbidden,
                  "the request must not leave this machine: looking through it took too long",
                  "Ask a local model, or send less at a time");
  }
  return privacy::sanitise(std::move(body), request_.privacy, request_.sensitivity, scratch_,
                           pseudonyms);
}

Result<TransferRequest> CloudAsk::write(const CloudTarget& target) {
  const UpstreamConfig& upstream = target.upstream->config();
  const CandidateModel& model = request_.config->models[target.model];
  dialects::WrittenRequest written = TRY(write_for(upstream, model, request_.call));
  const privacy::SanitisedRequest body = TRY(sanitised(std::move(written.body)));
  return target.upstream->transfer(written.path, body,
                                   traceparent_text(request_.trace, new_span_id()), request_.hops);
}

std::shared_ptr<Attempt> CloudAsk::begin(const CloudTarget& target, AttemptSink sink) {
  const auto refuse = [&](Error error) {
    target.upstream->abandoned();
    transfers_.post([sink, error = std::move(error)] { sink(unsent(error)); });
    return std::make_shared<UnsentAttempt>();
  };
  const bool prepared = first_ && &target == call_->targets().data();
  Result<TransferRequest> written = prepared ? *std::exchange(first_, std::nullopt) : write(target);
  if (!written) return refuse(std::move(written).error());
  TransferRequest transfer = *std::move(written);
  if (request_.deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        *request_.deadline - std::chrono::steady_clock::now());
    transfer.total_timeout =
        std::max(std::chrono::milliseconds(1), std::min(transfer.total_timeout, left));
  }
  auto attempt = std::make_shared<UpstreamAttempt>(
      transfers_, target.upstream, UpstreamAttempt::Options{.dialect = target.upstream->dialect()},
      std::move(sink));
  attempt->start(std::move(transfer));
  return attempt;
}

}  // namespace croft

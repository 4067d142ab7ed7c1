#include "router/providers/cloud_ask.h"

#include <utility>

#include "base/check.h"
#include "base/random_bits.h"
#include "router/dialects/write_request.h"
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
  transfers_.post([self = shared_from_this()] { self->run(); });
}

CloudAsk::CloudAsk(HttpTransfers& transfers, CloudRequest request, Sink sink)
    : transfers_(transfers), request_(std::move(request)), sink_(std::move(sink)) {
  CHECK(!request_.targets.empty());
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
        const bool last = std::holds_alternative<dialects::Finished>(event) ||
                          std::holds_alternative<dialects::Failed>(event);
        Notes notes;
        if (last) notes = std::make_shared<const std::vector<AttemptNote>>(call_->notes());
        const auto place = static_cast<std::size_t>(&target - call_->targets().data());
        const Sink sink = last ? std::exchange(sink_, nullptr) : sink_;
        over_ = over_ || last;
        sink(place, std::move(event), std::move(notes));
      });
  call_->start();
}

void CloudAsk::cancel() {
  transfers_.post([self = shared_from_this()] {
    self->over_ = true;
    self->sink_ = nullptr;
    if (self->call_) self->call_->cancel();
  });
}

std::shared_ptr<Attempt> CloudAsk::begin(const CloudTarget& target, AttemptSink sink) {
  const UpstreamConfig& upstream = target.upstream->config();
  const CandidateModel& model = request_.config->models[target.model];
  const auto refuse = [&](Error error) {
    target.upstream->abandoned();
    transfers_.post([sink, error = std::move(error)] { sink(unsent(error)); });
    return std::make_shared<UnsentAttempt>();
  };
  Result<dialects::WrittenRequest> written = write_for(upstream, model, request_.call);
  if (!written) return refuse(std::move(written).error());
  Result<privacy::SanitisedRequest> sanitised =
      privacy::sanitise(std::move(written->body), request_.privacy, request_.sensitivity, scratch_);
  if (!sanitised) return refuse(std::move(sanitised).error());
  TransferRequest transfer = target.upstream->transfer(
      written->path, *sanitised, traceparent_text(request_.trace, new_span_id()), request_.hops);
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

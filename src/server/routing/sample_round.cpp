#include "server/routing/sample_round.h"

#include <algorithm>
#include <utility>

#include "router/confidence/accept_answer.h"
#include "router/confidence/answer_span.h"

namespace croft {
namespace {

constexpr float sample_temperature = 0.7f;
constexpr std::size_t tokens_min = 16;

std::string_view last_line(std::string_view text) {
  const auto span = find_answer_span(text, AnswerSpan::LastLine);
  return span ? text.substr(span->begin, span->end - span->begin) : std::string_view();
}

}  // namespace

/// One of them. Holds the round until it ends.
class SampleRound::Sample final : public LocalListener {
 public:
  explicit Sample(std::shared_ptr<SampleRound> round) : round_(std::move(round)) {}
  void on_token(const TokenLogprob&, std::size_t) override {}
  void on_local(dialects::AnswerEvent event) override {
    if (const auto* delta = std::get_if<dialects::TextDelta>(&event)) {
      text_ += delta->text;
      return;
    }
    const bool whole = std::holds_alternative<dialects::Finished>(event);
    if (!whole && !std::holds_alternative<dialects::Failed>(event)) return;
    if (const auto round = std::exchange(round_, nullptr)) round->heard(text_, whole);
  }

 private:
  std::shared_ptr<SampleRound> round_;
  std::string text_;
};

SampleRound::SampleRound(std::string answer, std::size_t count, Sink sink)
    : answer_(last_line(answer)), count_(count), sink_(std::move(sink)) {}

void SampleRound::start(const ModelLease& engine, const TextRequest& request,
                        const std::shared_ptr<ResponseWriter>& writer) {
  const auto self = shared_from_this();
  for (std::size_t i = 0; i < count_; ++i) {
    TextRequest sample = request;
    sample.generation.sampling.temperature = sample_temperature;
    sample.generation.sampling.seed += i + 1;
    sample.generation.logprobs = false;
    sample.generation.top_logprobs = 0;
    sample.generation.tokens_max = std::max(sample.generation.tokens_max, tokens_min);
    auto attempt =
        LocalAttempt::start(engine, std::move(sample), writer, std::make_shared<Sample>(self));
    if (attempt)
      attempts_.push_back(*attempt);
    else
      heard({}, false);
  }
}

void SampleRound::heard(const std::string& text, bool whole) {
  if (!sink_) return;
  if (whole && accepts(AcceptRule::Exact, last_line(text), answer_)) ++agreeing_;
  if (++done_ < count_) return;
  attempts_.clear();
  const Sink sink = std::exchange(sink_, nullptr);
  sink(static_cast<double>(agreeing_) / static_cast<double>(count_));
}

void SampleRound::cancel() {
  sink_ = nullptr;
  for (const auto& attempt : attempts_) attempt->cancel();
  attempts_.clear();
}

}  // namespace croft

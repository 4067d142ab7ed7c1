#include "cli/generate.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace croft::cli {
namespace {

/// Hands events from the engine's thread to ours. Shared by both, so that neither outlives it.
class Mailbox {
 public:
  using Clock = std::chrono::steady_clock;
  struct Item {
    GenerationEvent event;
    Clock::time_point posted;
  };

  void post(GenerationEvent event) {
    {
      const std::scoped_lock lock(mutex_);
      events_.push_back({std::move(event), Clock::now()});
    }
    arrived_.notify_one();
  }

  GenerationEvent wait() { return wait_timed().event; }

  Item wait_timed() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !events_.empty(); });
    Item item = std::move(events_.front());
    events_.pop_front();
    return item;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Item> events_;
};

}  // namespace

Result<Generated> generate_and_wait(Engine& engine, GenerationRequest request,
                                    const TextSink& on_text) {
  // Two may end it: the person (request.cancel), or a reader of our output that has gone.
  std::stop_source stop;
  const std::stop_callback forward(request.cancel, [&] { stop.request_stop(); });
  request.cancel = stop.get_token();
  const auto mailbox = std::make_shared<Mailbox>();
  TRY(engine.generate(std::move(request),
                      [mailbox](GenerationEvent event) { mailbox->post(std::move(event)); }));
  Generated out;
  std::optional<Error> failed;
  while (true) {
    GenerationEvent event = mailbox->wait();
    if (auto* prompt = std::get_if<PromptDone>(&event)) {
      out.prompt_logprobs = std::move(prompt->logprobs);
    } else if (auto* delta = std::get_if<TextDelta>(&event)) {
      out.text += delta->text;
      out.tokens.insert(out.tokens.end(), delta->tokens.begin(), delta->tokens.end());
      for (TokenLogprob& token : delta->logprobs)
        out.answered.push_back({std::move(token), out.text.size()});
      if (failed || !on_text || delta->text.empty()) continue;
      if (auto told = on_text(delta->text); !told) {
        failed = std::move(told).error();
        stop.request_stop();
      }
    } else if (auto* done = std::get_if<GenerationDone>(&event)) {
      if (failed) return std::unexpected(std::move(*failed));
      out.reason = done->reason;
      out.usage = done->usage;
      return out;
    } else {
      return std::unexpected(failed ? std::move(*failed) : std::get<Error>(std::move(event)));
    }
  }
}

Result<std::vector<TimedGeneration>> generate_all(Engine& engine,
                                                  std::vector<GenerationRequest> requests) {
  std::vector<std::shared_ptr<Mailbox>> mailboxes;
  std::optional<Error> failed;
  for (GenerationRequest& request : requests) {
    const auto mailbox = std::make_shared<Mailbox>();
    auto started = engine.generate(
        std::move(request), [mailbox](GenerationEvent event) { mailbox->post(std::move(event)); });
    if (!started) {
      failed = std::move(started).error();
      break;
    }
    mailboxes.push_back(mailbox);
  }
  std::vector<TimedGeneration> generations;
  for (const auto& mailbox : mailboxes) {
    TimedGeneration& generation = generations.emplace_back();
    while (true) {
      const auto [event, posted] = mailbox->wait_timed();
      if (const auto* delta = std::get_if<TextDelta>(&event)) {
        generation.token_times.insert(generation.token_times.end(), delta->tokens.size(), posted);
      } else if (const auto* done = std::get_if<GenerationDone>(&event)) {
        generation.usage = done->usage;
        break;
      } else if (const auto* error = std::get_if<Error>(&event)) {
        if (!failed) failed = *error;
        break;
      }
    }
  }
  if (failed) return std::unexpected(std::move(*failed));
  return generations;
}

Result<std::vector<std::vector<float>>> embed_and_wait(Engine& engine, EmbeddingRequest request) {
  using Vectors = Result<std::vector<std::vector<float>>>;
  const auto answer = std::make_shared<std::promise<Vectors>>();
  std::future<Vectors> future = answer->get_future();
  TRY(engine.embed(std::move(request),
                   [answer](Vectors vectors) { answer->set_value(std::move(vectors)); }));
  return future.get();
}

}  // namespace croft::cli

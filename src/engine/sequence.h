#pragma once
/// One generation while it runs. Owned by the engine's thread.

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "engine/draft_policy.h"
#include "engine/drafter.h"
#include "engine/prompt_lookup.h"
#include "engine/request.h"
#include "engine/sampling.h"
#include "engine/scheduler.h"
#include "engine/stop_filter.h"
#include "text/detokenizer.h"

namespace croft {

/// The error of a request for which the machine has no memory left.
[[nodiscard]] Error out_of_memory();

/// Tokens [0, computed) are in the cache; the rest is computed next. Decoding is the case of one
/// token left.
class Sequence : public ScheduledJob {
 public:
  /// `pool`: where its pages will come from.
  Sequence(GenerationRequest request_in, GenerationSink sink_in, const Tokenizer& tokenizer,
           KvPool& pool, SteadyTime submitted_at);

  [[nodiscard]] const GenerationRequest& request() const { return request_; }
  [[nodiscard]] std::span<const TokenId> tokens() const override { return tokens_; }
  [[nodiscard]] std::size_t generated() const { return tokens_.size() - request_.prompt.size(); }
  [[nodiscard]] bool cancelled() const { return request_.cancel.stop_requested(); }
  [[nodiscard]] bool overdue(SteadyTime now) const {
    return request_.deadline && now >= *request_.deadline;
  }
  [[nodiscard]] bool finished() const { return finished_; }

  /// Marks the first computation, for the timings.
  void start(SteadyTime now);
  /// Whether the prompt's log-probabilities still need the logits of row `position`.
  [[nodiscard]] bool wants_prompt_row(std::size_t position) const;
  /// Takes the logits after prompt token `position` (scores the token that follows it).
  void score_prompt(std::size_t position, std::span<const float> logits);
  /// The whole prompt is in the cache: sends PromptDone once.
  void prompt_done();
  /// Looks for what may follow the last token in the text so far, at most `count_max` tokens.
  void look_up_guesses(std::size_t count_max);
  /// How many tokens a draft model should guess instead: 0 where something was found, or where
  /// guesses do not pay. `cost` of one, in steps of the model.
  [[nodiscard]] std::size_t drafts_wanted(double cost, std::size_t count_max) const;
  /// What will be tried after the last token; a draft model's guesses are put here.
  [[nodiscard]] std::vector<TokenId>& guesses() { return guesses_; }
  /// Of the guesses that the last step tried, `held` were drawn.
  void guessed(std::size_t tried, std::size_t held);
  [[nodiscard]] std::size_t tokens_left() const {
    return request_.tokens_max - std::min(request_.tokens_max, generated());
  }
  std::unique_ptr<DraftState> draft;  ///< the batcher's
  double compute_seconds = 0.0;       ///< likewise: this sequence's share of the steps so far

  struct Drawn {
    TokenId id = 0;
    std::optional<TokenLogprob> logprob;
  };
  /// Picks the next token from the logits, which are changed on return; nothing where they are not
  /// numbers. Threads: different sequences may draw at once.
  std::optional<Drawn> draw(std::span<float> logits);
  /// Appends the token and sends its text; ends the generation where it must. `room`: whether the
  /// cache has a position for it.
  void append(Drawn drawn, bool room, SteadyTime now, std::span<const TokenId> ends);
  /// Sends the one event that ends the generation.
  void finish(FinishReason reason, SteadyTime now);
  void finish(Error error);
  /// Whether the memory for an event was lacking, so that the listener misses something: the
  /// generation can only end with an error, as soon as there is memory for that.
  [[nodiscard]] bool lost_event() const { return lost_event_; }
  /// Memory was lacking in the midst of a token.
  void lose_event() { lost_event_ = true; }

 private:
  void send(TextDelta delta);
  bool deliver(GenerationEvent event);

  GenerationRequest request_;
  GenerationSink sink_;
  std::vector<TokenId> tokens_;
  Sampler sampler_;
  Detokenizer detokenizer_;
  StopFilter filter_;
  PromptLookup lookup_;
  DraftPolicy draft_policy_;
  std::vector<TokenId> guesses_;
  bool guesses_found_ = false;  ///< in the text, not by a draft model
  std::vector<TokenLogprob> prompt_logprobs_;
  bool prompt_sent_ = false;
  bool finished_ = false;
  bool lost_event_ = false;
  std::optional<SteadyTime> started_;
  std::optional<SteadyTime> first_token_;
  std::size_t end_tokens_ =
      0;  ///< 1 once the end token was picked: it counts as completion, but is not shown
};

}  // namespace croft

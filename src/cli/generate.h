#pragma once
/// One request to the engine, awaited: for verbs that do one thing at a time.

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "router/confidence/answer_points.h"

namespace croft::cli {

struct Generated {
  std::string text;
  std::vector<TokenId> tokens;
  std::vector<TokenLogprob> prompt_logprobs;  ///< empty unless asked for
  std::vector<AnsweredToken> answered;        ///< empty unless `logprobs` was asked for
  FinishReason reason = FinishReason::EndToken;
  GenerationUsage usage;
};

/// Told new text on the caller's thread; an error ends the generation and is returned.
using TextSink = std::function<Result<void>(std::string_view text)>;

/// Waits until the request has ended. `request.cancel` is used; a cancelled request returns what
/// there was, with reason Cancelled. Errors: those of Engine::generate; of `on_text`.
Result<Generated> generate_and_wait(Engine& engine, GenerationRequest request,
                                    const TextSink& on_text = {});

/// One request's way through the engine.
struct TimedGeneration {
  GenerationUsage usage;
  std::vector<std::chrono::steady_clock::time_point> token_times;  ///< one per generated token
};

/// Several requests at once; returns what became of them in order. Errors: the first one's.
Result<std::vector<TimedGeneration>> generate_all(Engine& engine,
                                                  std::vector<GenerationRequest> requests);

/// The vectors of `inputs`. Errors: as Engine::embed.
Result<std::vector<std::vector<float>>> embed_and_wait(Engine& engine, EmbeddingRequest request);

}  // namespace croft::cli

#pragma once
/// What the engine is asked and what it answers: token ids and plain structs, no JSON, no
/// templates.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"

namespace croft {

/// Range checks live in validate() (sampling.h); NaN and out-of-range values never reach the
/// sampler.
struct SamplingOptions {
  float temperature = 1.0f;  ///< 0: greedy
  std::int32_t top_k = 0;    ///< 0: off
  float top_p = 1.0f;        ///< 1: off
  float min_p = 0.0f;        ///< 0: off
  float repetition_penalty =
      1.0f;  ///< divides positive, multiplies negative logits of seen tokens; 1: off
  float presence_penalty = 0.0f;   ///< -2..2, generated tokens only, as OpenAI defines
  float frequency_penalty = 0.0f;  ///< -2..2, likewise
  std::uint64_t seed = 0;          ///< the same seed, prompt and options give the same text
  std::vector<std::pair<TokenId, float>> logit_bias = {};  ///< -100..100 each
};

/// Batch requests wait while interactive ones do, and give way to them.
enum class Priority : std::uint8_t { Interactive, Batch };

struct GenerationRequest {
  std::vector<TokenId> prompt;  ///< not empty
  std::size_t tokens_max = 16;  ///< generated tokens; 0 only scores the prompt
  SamplingOptions sampling;
  std::vector<std::string> stop;  ///< text is held back until no stop string can begin in it
  bool ignore_end_tokens = false;
  bool special_tokens_in_text = false;
  bool logprobs = false;         ///< of generated tokens
  bool prompt_logprobs = false;  ///< of prompt tokens
  std::size_t top_logprobs = 0;  ///< alternatives per position, best first; 0..20
  std::string tenant;            ///< whose request: service is shared fairly, prefixes never
  Priority priority = Priority::Interactive;
  /// Until when the whole answer is wanted; who cannot have it in time is told so.
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  std::stop_token cancel;  ///< honoured within one token
};

struct TokenLogprob {
  TokenId id = 0;
  float logprob =
      0.0f;  ///< natural log, of the model's own distribution (before temperature and penalties)
  std::vector<std::pair<TokenId, float>> top;
};

enum class FinishReason : std::uint8_t { EndToken, StopString, Length, Cancelled };

/// The word that the APIs and --json show: "stop", "length" or "cancelled".
[[nodiscard]] std::string_view finish_reason_text(FinishReason reason);

struct GenerationUsage {
  std::size_t prompt_tokens = 0;
  std::size_t cached_tokens = 0;      ///< of the prompt: keys and values were still there
  std::size_t completion_tokens = 0;  ///< the end token counts
  double queue_seconds = 0.0;         ///< submit to first computation
  double prompt_seconds = 0.0;        ///< first computation to first token
  double decode_seconds = 0.0;        ///< first token to the end
  /// Of the engine's own time: each step's is shared out among the rows that it computed. Sampling
  /// after a step counts with the next one.
  double compute_seconds = 0.0;
};

/// The prompt is evaluated. `logprobs[i]` belongs to prompt[i]; entry 0 has logprob NaN and no
/// `top`.
struct PromptDone {
  std::vector<TokenLogprob> logprobs;  ///< empty unless prompt_logprobs
};
/// New text and the tokens it came from. `text` is whole UTF-8 characters; may be empty when only
/// tokens are news.
struct TextDelta {
  std::string text;
  std::vector<TokenId> tokens;
  std::vector<TokenLogprob> logprobs;  ///< one per token, or empty unless `logprobs`
};
struct GenerationDone {
  FinishReason reason = FinishReason::EndToken;
  GenerationUsage usage;
};

/// Exactly one GenerationDone or Error ends a request; nothing follows it.
using GenerationEvent = std::variant<PromptDone, TextDelta, GenerationDone, Error>;

/// Called on the engine's thread: must not block, throw or call the engine back; post to your own
/// thread.
using GenerationSink = std::function<void(GenerationEvent)>;

struct EmbeddingRequest {
  std::vector<std::vector<TokenId>>
      inputs;  ///< with the model's special tokens already added; none empty
  std::stop_token cancel;
  /// Told before the sink, on the same thread: how long the engine computed.
  std::function<void(double seconds)> on_computed = {};
};
/// One vector per input, L2-normalised. Called once, on the engine's thread.
using EmbeddingSink = std::function<void(Result<std::vector<std::vector<float>>>)>;

}  // namespace croft

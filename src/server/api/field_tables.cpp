// Every field by route. A field that OpenAI documents must stand here, or a test of the conformance
// suite fails.
#include <array>

#include "base/limits.h"
#include "server/api/fields.h"

namespace croft {
namespace {

constexpr double tokens_max = limits::context_max;
constexpr double deadline_ms_max = 86'400'000.0;  // a day

using Text = std::string_view;

constexpr Field required(Text name, unsigned types, Text note) {
  return {.name = name, .types = types, .rule = FieldRule::Required, .note = note};
}
constexpr Field honoured(Text name, unsigned types, Text note) {
  return {.name = name, .types = types, .note = note};
}
constexpr Field ranged(Text name, unsigned types, double min, double max, Text note) {
  return {.name = name, .types = types, .min = min, .max = max, .note = note};
}
constexpr Field recorded(Text name, unsigned types, Text note = {}) {
  return {.name = name, .types = types, .rule = FieldRule::Recorded, .note = note};
}
/// `neutral`: a JSON list of the values that ask for nothing.
constexpr Field refused(Text name, unsigned types, Text neutral, Text note = {}) {
  return {
      .name = name, .types = types, .rule = FieldRule::Refused, .neutral = neutral, .note = note};
}

// Sampling: the same in chat and completions.
constexpr Field kTemperature =
    ranged("temperature", field_number, 0, 2, "Default 1. 0 takes the likeliest token");
constexpr Field kTopP = ranged("top_p", field_number, 0, 1, "Default 1 (off)");
constexpr Field kTopK = ranged("top_k", field_integer, -1, limits::vocabulary_max,
                               "Default 0 (off); -1 is off too. vLLM's extra");
constexpr Field kMinP = ranged("min_p", field_number, 0, 1, "Default 0 (off). vLLM's extra");
constexpr Field kRepetition =
    ranged("repetition_penalty", field_number, 0.1, 10, "Default 1 (off). vLLM's extra");
constexpr Field kPresence = ranged("presence_penalty", field_number, -2, 2, "Default 0");
constexpr Field kFrequency = ranged("frequency_penalty", field_number, -2, 2, "Default 0");
constexpr Field kLogitBias =
    honoured("logit_bias", field_object, "Token id to -100..100; at most 1024 entries");
constexpr Field kSeed =
    honoured("seed", field_integer,
             "Any 64-bit integer. The same seed, request and `system_fingerprint` give "
             "the same text; choice i uses seed + i");
constexpr Field kStop =
    honoured("stop", field_string | field_array, "Up to 4 strings; never part of the text");
constexpr Field kChoices = ranged("n", field_integer, 1, limits::choices_max, "Default 1");
constexpr Field kStream =
    honoured("stream", field_boolean, "Server-sent events, ended by `data: [DONE]`");
constexpr Field kStreamOptions =
    honoured("stream_options", field_object, "`include_usage`; only with `stream`");
constexpr Field kIgnoreEos =
    honoured("ignore_eos", field_boolean, "Goes on past end tokens. vLLM's extra");
constexpr Field kTokenIds =
    honoured("return_tokens_as_token_ids", field_boolean,
             "Tokens in log-probabilities appear as `token_id:123`. vLLM's extra");
constexpr Field kSkipSpecial =
    honoured("skip_special_tokens", field_boolean,
             "Default true; false keeps control tokens in the text. vLLM's extra");
constexpr Field kModel = honoured(
    "model", field_string,
    "A name of /v1/models; absent or empty: the main model. Where one model is served any name is "
    "accepted. The answer says which model answered");
constexpr Field kServiceTier =
    honoured("service_tier", field_string,
             "`flex` waits behind all others and gives way to them; `auto` and `default` do not");
constexpr Field kDeadline = ranged("deadline_ms", field_integer, 1, deadline_ms_max,
                                   "The whole answer is wanted within so many milliseconds: else "
                                   "429 at once where the queue takes "
                                   "longer, or 504 when they have passed. Croft's own");
constexpr Field kRouteTrace =
    honoured("route_trace", field_boolean,
             "Puts how a routed request was decided into the answer (`route_trace`). Croft's own");
// Kept for the audit log, or without effect by nature.
constexpr Field kUser = recorded("user", field_string);
constexpr Field kMetadata = recorded("metadata", field_object);
constexpr Field kSafetyIdentifier = recorded("safety_identifier", field_string);
constexpr Field kPromptCacheKey = recorded("prompt_cache_key", field_string);
constexpr Field kPromptCacheRetention = recorded("prompt_cache_retention", field_string);
// Known, not supported.
constexpr Field kResponseFormat = refused("response_format", field_object, R"([{"type": "text"}])",
                                          "Output that follows a schema is not available yet");
constexpr Field kMinTokens = refused("min_tokens", field_integer, "[0]");
constexpr Field kStopTokenIds =
    refused("stop_token_ids", field_array, "[[]]", "Use `stop` with the tokens' text");
constexpr Field kIncludeStop = refused("include_stop_str_in_output", field_boolean, "[false]");
constexpr Field kTruncate = refused("truncate_prompt_tokens", field_integer, "[]",
                                    "A prompt is never cut; shorten it before sending");
constexpr Field kPromptLogprobs = refused("prompt_logprobs", field_integer, "[]",
                                          "Use /v1/completions with `echo` and `logprobs`");
constexpr Field kBeamSearch = refused("use_beam_search", field_boolean, "[false]");
constexpr Field kLengthPenalty = refused("length_penalty", field_number, "[1]");
constexpr Field kGuidedJson = refused("guided_json", field_object | field_string, "[]",
                                      "Output that follows a schema is not available yet");
constexpr Field kGuidedRegex = refused("guided_regex", field_string, "[]",
                                       "Output that follows a pattern is not available yet");
constexpr Field kGuidedChoice =
    refused("guided_choice", field_array, "[]", "Output from a list is not available yet");
constexpr Field kGuidedGrammar = refused("guided_grammar", field_string, "[]",
                                         "Output that follows a grammar is not available yet");

constexpr auto kChat = std::to_array<Field>({
    required(
        "messages", field_array,
        "Roles system, developer (= system), user, assistant, tool; content a string or a list of "
        "text "
        "parts, which are joined"),
    kModel,
    ranged("max_completion_tokens", field_integer, 1, tokens_max,
           "Default: what the context has left"),
    ranged("max_tokens", field_integer, 1, tokens_max,
           "Older name of `max_completion_tokens`, which wins"),
    kTemperature,
    kTopP,
    kTopK,
    kMinP,
    kRepetition,
    kPresence,
    kFrequency,
    kLogitBias,
    kSeed,
    kStop,
    kChoices,
    kStream,
    kStreamOptions,
    honoured("logprobs", field_boolean, "Log-probability of each token"),
    ranged("top_logprobs", field_integer, 0, limits::top_logprobs_max,
           "Alternatives per token; needs `logprobs`"),
    kTokenIds,
    kIgnoreEos,
    kSkipSpecial,
    honoured("reasoning_effort", field_string,
             "none, minimal, low, medium, high or xhigh. Mapped to the template's "
             "`enable_thinking` (none "
             "and "
             "minimal: off); 400 where the template has no such switch"),
    honoured("chat_template_kwargs", field_object,
             "Switches for the template, such as `enable_thinking`. vLLM's extra"),
    honoured("add_generation_prompt", field_boolean, "Default true. vLLM's extra"),
    kUser,
    kMetadata,
    kSafetyIdentifier,
    kPromptCacheKey,
    kPromptCacheRetention,
    refused("store", field_boolean, "[false]", "Answers are not stored; send false"),
    kServiceTier,
    kDeadline,
    kRouteTrace,
    refused(
        "tools", field_array, "[[]]",
        "Tool calls are not parsed from answers yet; /apply-template renders a prompt with tools"),
    refused("tool_choice", field_string | field_object, R"(["none", "auto"])",
            "Tool calls are not parsed from answers yet"),
    recorded("parallel_tool_calls", field_boolean, "Without effect, as `tools` is refused"),
    refused("functions", field_array, "[[]]", "Tool calls are not parsed from answers yet"),
    refused("function_call", field_string | field_object, R"(["none", "auto"])",
            "Tool calls are not parsed from answers yet"),
    kResponseFormat,
    refused("modalities", field_array, R"([["text"]])", "Only text is produced"),
    refused("audio", field_object, "[]", "Only text is produced"),
    refused("prediction", field_object, "[]", "Leave it out"),
    refused("verbosity", field_string, R"(["medium"])", "Ask for brevity in the messages"),
    refused("web_search_options", field_object, "[]", "There is no web search"),
    refused("echo", field_boolean, "[false]", "Use /v1/completions"),
    refused("continue_final_message", field_boolean, "[false]", "Use /v1/completions"),
    refused("add_special_tokens", field_boolean, "[false]",
            "The template writes the special tokens"),
    refused("chat_template", field_string, "[]",
            "The model's own template is used; render yours and use /v1/completions"),
    kMinTokens,
    kStopTokenIds,
    kIncludeStop,
    kTruncate,
    kPromptLogprobs,
    kBeamSearch,
    kLengthPenalty,
    kGuidedJson,
    kGuidedRegex,
    kGuidedChoice,
    kGuidedGrammar,
});

constexpr auto kCompletion = std::to_array<Field>({
    required("prompt", field_string | field_array,
             "A string, a list of strings, token ids, or a list of lists of token ids; at most 128 "
             "choices "
             "in "
             "all. Control tokens written in a string count as such"),
    kModel,
    ranged("max_tokens", field_integer, 0, tokens_max,
           "Default 16. 0 with `echo` and `logprobs` only scores the prompt"),
    kTemperature,
    kTopP,
    kTopK,
    kMinP,
    kRepetition,
    kPresence,
    kFrequency,
    kLogitBias,
    kSeed,
    kStop,
    kChoices,
    kStream,
    kStreamOptions,
    honoured("echo", field_boolean, "The prompt comes back before the text"),
    ranged("logprobs", field_integer, 0, limits::top_logprobs_max,
           "Alternatives per token (OpenAI stops at 5); with `echo` also of the prompt"),
    kTokenIds,
    kIgnoreEos,
    kSkipSpecial,
    honoured("add_special_tokens", field_boolean,
             "Default true: a string prompt gets the model's BOS. vLLM's extra"),
    kServiceTier,
    kDeadline,
    kUser,
    refused("best_of", field_integer, "[1]", "Ask for `n` choices and pick one"),
    refused("suffix", field_string, R"([""])", "Text cannot be filled in before a suffix"),
    kResponseFormat,
    kMinTokens,
    kStopTokenIds,
    kIncludeStop,
    kTruncate,
    refused("prompt_logprobs", field_integer, "[]", "Use `echo` with `logprobs`"),
    kBeamSearch,
    kLengthPenalty,
    kGuidedJson,
    kGuidedRegex,
    kGuidedChoice,
    kGuidedGrammar,
});

constexpr auto kEmbedding = std::to_array<Field>({
    required(
        "input", field_string | field_array,
        "A string, a list of up to 2048 strings, token ids (taken as they are, no special tokens "
        "added), or a "
        "list of lists of token ids"),
    kModel,
    honoured("encoding_format", field_string,
             "`float` (default) or `base64` (little-endian float32)"),
    ranged("dimensions", field_integer, 1, limits::hidden_max,
           "Only the model's own size: a vector is cut only by models trained for it, and files do "
           "not "
           "say so"),
    kUser,
    refused("truncate_prompt_tokens", field_integer, "[]",
            "An input is never cut; shorten it before sending"),
});

constexpr auto kTokenize = std::to_array<Field>({
    required("content", field_string, "The text"),
    honoured("add_special", field_boolean, "Default false: no BOS, [CLS] ..."),
    honoured("parse_special", field_boolean,
             "Default true: control tokens written in the text become one id"),
    honoured("with_pieces", field_boolean,
             "Default false. True gives {id, piece}, the piece a string or a list of bytes"),
    kModel,
});

constexpr auto kDetokenize = std::to_array<Field>({
    required("tokens", field_array, "Token ids"),
    kModel,
});

constexpr auto kTemplate = std::to_array<Field>({
    required("messages", field_array, "As in /v1/chat/completions"),
    honoured("tools", field_array, "Tool definitions, for the template"),
    honoured("add_generation_prompt", field_boolean, "Default true"),
    honoured("chat_template_kwargs", field_object, "Switches for the template"),
    honoured("reasoning_effort", field_string, "As in /v1/chat/completions"),
    kModel,
});

constexpr auto kModelChange = std::to_array<Field>({
    required("model", field_string, "A name of /v1/models"),
});

constexpr auto kStreamOption = std::to_array<Field>({
    honoured("include_usage", field_boolean,
             "One more event with `usage` and no choices before `[DONE]`"),
    refused("continuous_usage_stats", field_boolean, "[false]"),
    refused("include_obfuscation", field_boolean, "[false]",
            "Padding against traffic analysis is not available; send false"),
});

// Anthropic's: checked in depth by the dialect's own reader (router/dialects).
constexpr auto kMessages = std::to_array<Field>({
    required("messages", field_array,
             "Roles user and assistant (and system); content a string or blocks: text, image, "
             "tool_use, tool_result, thinking"),
    {.name = "max_tokens",
     .types = field_integer,
     .rule = FieldRule::Required,
     .min = 1,
     .max = tokens_max,
     .note = "Generated tokens at most"},
    kModel,
    honoured("system", field_string | field_array, "A string or text blocks"),
    honoured("stop_sequences", field_array, "Strings that end the answer"),
    ranged("temperature", field_number, 0, 1, "Default 1"),
    kTopP,
    kTopK,
    kStream,
    honoured("tools", field_array,
             "With `input_schema`. Upstreams get them; local models do not parse calls yet"),
    honoured("tool_choice", field_object, "auto, any, tool or none"),
    honoured("thinking", field_object, "For upstreams that think"),
    honoured("output_config", field_object, "For upstreams that know it"),
    honoured("cache_control", field_object, "For Anthropic upstreams; others ignore it"),
    recorded("metadata", field_object, "`user_id`"),
    recorded("service_tier", field_string),
    kRouteTrace,
});
constexpr auto kExplain = std::to_array<Field>({
    required("model", field_string, "A route of croft.toml"),
    honoured("messages", field_array, "As in a chat: what would be done with it"),
    honoured("prompts", field_array,
             "Instead: up to 100 objects `{\"prompt\", \"expected\"}`; the answer has each "
             "decision and, where rows are labelled, a confusion matrix"),
    honoured("tools", field_array, "As in a chat"),
    honoured("max_tokens", field_integer, "As in a chat: for the estimate of the cost"),
    kResponseFormat,
});
constexpr auto kRedact = std::to_array<Field>({
    required("text", field_string, "What is looked through"),
    honoured("types", field_array, "Names of types, as `CREDIT_CARD`; all without it"),
});

constexpr auto kRoutes = std::to_array<RouteFields>({
    {"POST", "/v1/chat/completions", "An answer to a conversation, by the model's own template.",
     kChat},
    {"POST", "/v1/messages",
     "The same in Anthropic's dialect: to a served model, or through a route.", kMessages},
    {"POST", "/v1/route/explain",
     "A dry run of a route: which rule decides, what each condition said, which candidates are "
     "left and what they would cost. Nothing is generated or sent.",
     kExplain},
    {"POST", "/v1/redact",
     "Finds personal data and secrets in a text, as `croft redact` does: `{\"entities\": "
     "[{\"type\", "
     "\"start\", \"end\", \"score\"}], \"text\"}`, offsets in UTF-8 bytes of the text given, and "
     "the "
     "text with `<TYPE>` in place of each. No model is asked, nothing is kept or sent.",
     kRedact},
    {"POST", "/v1/completions", "Text that continues a prompt; also scores prompts.", kCompletion},
    {"POST", "/v1/embeddings", "One unit-length vector per input.", kEmbedding},
    {"GET",
     "/v1/models",
     "The served models, the main one first, with context length, quantization and size. "
     "`status.value` is `unloaded`, `loading`, `loaded` or `unloading`; `status.failed` is there "
     "for some seconds after a load that failed.",
     {}},
    {"GET", "/v1/models/{id}", "One entry of that list; 404 names the served models.", {}},
    {"GET", "/models", "As /v1/models: llama-server's name for it.", {}},
    {"GET",
     "/v1/usage",
     "The ledger added up, as `croft ledger summary --json`: "
     "`?since=7d&until=2026-01-31&by=day,model` "
     "(30 days without `since`; `by`: day, route, model, tenant, team, key, provider, privacy). "
     "Admins and "
     "operators see all, users what their key used, viewers their team's.",
     {}},
    {"POST", "/models/load",
     "Loads a model now and answers `{\"success\": true}` once it is there (llama-server's shape, "
     "which answers before).",
     kModelChange},
    {"POST", "/models/unload",
     "Gives a model's memory back and answers `{\"success\": true}` once it is gone, also where it "
     "was not loaded. Its running requests end as if nothing were; those that come meanwhile wait, "
     "and load it again. 400 for a pinned model.",
     kModelChange},
    {"POST", "/tokenize", "Text to token ids (llama-server's shape).", kTokenize},
    {"POST", "/detokenize", "Token ids to text (llama-server's shape).", kDetokenize},
    {"POST", "/apply-template", "The prompt that a conversation becomes.", kTemplate},
    {"GET", "/livez", "200 while the process runs. No key.", {}},
    {"GET",
     "/readyz",
     "200 once requests can be answered; 503 while loading or draining. No key.",
     {}},
    {"GET", "/health", "As /readyz, in llama-server's shape. No key.", {}},
    {"GET", "/metrics", "Prometheus text. Open on loopback, else with a key.", {}},
});

}  // namespace

std::span<const Field> chat_fields() {
  return kChat;
}
std::span<const Field> message_fields() {
  return kMessages;
}
std::span<const Field> explain_fields() {
  return kExplain;
}
std::span<const Field> redact_fields() {
  return kRedact;
}
std::span<const Field> completion_fields() {
  return kCompletion;
}
std::span<const Field> embedding_fields() {
  return kEmbedding;
}
std::span<const Field> tokenize_fields() {
  return kTokenize;
}
std::span<const Field> detokenize_fields() {
  return kDetokenize;
}
std::span<const Field> template_fields() {
  return kTemplate;
}
std::span<const Field> model_fields() {
  return kModelChange;
}
std::span<const Field> stream_option_fields() {
  return kStreamOption;
}
std::span<const RouteFields> all_routes() {
  return kRoutes;
}

}  // namespace croft

#pragma once
/// One typed form of a chat request and of its answer, between every dialect that clients speak and
/// every dialect that upstreams speak. Plain data: no JSON text of a dialect, no sockets, no state.
/// Everything that may hold words of a person is a string, a json::value or a vector of them here,
/// so that a privacy filter can walk it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace croft::dialects {

/// Who speaks so: OpenAI chat completions, Anthropic messages, Ollama /api/chat.
enum class Dialect : std::uint8_t { OpenAi, Anthropic, Ollama };
[[nodiscard]] std::string_view dialect_text(Dialect dialect);  ///< "OpenAI", for messages

// ---- The request ----

/// Anthropic's wish to cache the prompt up to here. `ttl` as sent ("5m", "1h") or empty.
struct CacheControl {
  std::string ttl;
};

struct TextPart {
  std::string text;
  std::optional<CacheControl> cache = {};
};

/// Opaque: never fetched, decoded or checked beyond its outer form. One of url and base64 is set.
struct ImagePart {
  std::string url;
  std::string media_type;  ///< "image/png"; with base64
  std::string base64;
  std::string detail;  ///< OpenAI's low, high or auto; empty: not given
  std::optional<CacheControl> cache = {};
};

/// What a model thought before it answered; in histories that clients send back.
struct ThinkingPart {
  std::string text;
  std::string signature;      ///< Anthropic refuses its own thoughts without it
  std::string redacted_data;  ///< Anthropic's encrypted thoughts; then text is empty
};

/// A call that the model made, in a history.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  ///< JSON text as the model wrote it: may be empty, or no JSON at all
  std::optional<CacheControl> cache = {};
};

using ContentPart = std::variant<TextPart, ImagePart, ThinkingPart, ToolCall>;

enum class ChatRole : std::uint8_t { System, User, Assistant, Tool };

/// Role decides what content may hold: System text; User text and images; Assistant text, thinking
/// and tool calls; Tool (one result) text and images.
struct ChatMessage {
  ChatRole role = ChatRole::User;
  std::vector<ContentPart> content;        ///< in order; empty text parts are kept
  std::string name;                        ///< OpenAI's participant name; empty: none
  std::string tool_call_id;                ///< of role Tool
  bool tool_failed = false;                ///< of role Tool: Anthropic's is_error
  bool refusal = false;                    ///< of role Assistant: the text is OpenAI's refusal
  std::optional<CacheControl> cache = {};  ///< of role Tool: on the result as a whole
  std::string field;  ///< where the client wrote it, for errors: "messages[2]", "system[0]"
};

struct ChatTool {
  std::string name;
  std::string description;
  json::object parameters;  ///< JSON schema; empty: none given
  std::optional<bool> strict;
  std::optional<CacheControl> cache = {};
};

enum class ToolChoiceMode : std::uint8_t { Auto, None, Required, Named };
struct ToolChoice {
  ToolChoiceMode mode = ToolChoiceMode::Auto;
  std::string name;  ///< of Named
};

enum class FormatKind : std::uint8_t { Text, JsonObject, JsonSchema };
struct ResponseFormat {
  FormatKind kind = FormatKind::Text;
  std::string name;  ///< a label; may be empty
  std::string description;
  json::object schema;  ///< of JsonSchema
  std::optional<bool> strict;
};

enum class ThinkingMode : std::uint8_t { Disabled, Enabled, Adaptive };
/// Anthropic's `thinking`.
struct ThinkingConfig {
  ThinkingMode mode = ThinkingMode::Disabled;
  std::int64_t budget_tokens = 0;  ///< of Enabled
  std::string display;             ///< "summarized", "omitted" or empty
};

/// What becomes of a member where the upstream does not speak its dialect.
enum class ExtraKind : std::uint8_t {
  OpenAi,      ///< changes the answer: goes to OpenAI upstreams, elsewhere an error
  OpenAiHint,  ///< does not change the answer: elsewhere left out with a warning
  Engine,      ///< extra of vLLM, llama-server and Croft: OpenAI upstreams that know it, else error
  Anthropic,   ///< as OpenAi, for Anthropic
};
/// A known member that has no typed field: carried as it came.
struct ExtraField {
  std::string name;
  json::value value;
  ExtraKind kind = ExtraKind::OpenAi;
};

struct ChatCall {
  std::string model;  ///< as the client wrote it: a route's name
  /// System messages stand where the client put them; Anthropic's `system` comes first.
  std::vector<ChatMessage> messages;
  std::vector<ChatTool> tools;
  std::optional<ToolChoice> tool_choice;
  std::optional<bool> parallel_tools;
  std::optional<std::int64_t> tokens_max;  ///< generated tokens
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::int64_t> top_k;
  std::optional<double> presence_penalty;
  std::optional<double> frequency_penalty;
  std::optional<std::int64_t> seed;
  std::vector<std::string> stop;
  std::optional<json::object> logit_bias;  ///< token id in decimal to -100..100
  ResponseFormat format;
  std::optional<std::string> reasoning_effort;  ///< none minimal low medium high xhigh max
  std::optional<ThinkingConfig> thinking;
  bool stream = false;
  bool include_usage = false;  ///< the client wants OpenAI's chunk with the usage
  bool logprobs = false;
  std::optional<std::int64_t> top_logprobs;
  std::int64_t choices = 1;                ///< `n`
  std::string user;                        ///< OpenAI's `user`, Anthropic's metadata.user_id
  std::optional<json::object> metadata;    ///< OpenAI's
  std::optional<CacheControl> cache;       ///< Anthropic's on the whole request
  std::optional<json::value> route_trace;  ///< ours, for who decides the route
  std::vector<ExtraField> extras;
  std::vector<std::string> warnings;  ///< unknown members, a sentence each; go into the answer
};

// ---- The answer ----

/// Token counts. nullopt: the upstream did not say, which is not 0. As an event at most once, right
/// before Finished, or before Failed where the upstream had begun and said so.
struct Usage {
  std::optional<std::int64_t> prompt_tokens = {};       ///< cached ones included, as OpenAI counts
  std::optional<std::int64_t> cached_tokens = {};       ///< of the prompt: read from a cache
  std::optional<std::int64_t> cache_write_tokens = {};  ///< of the prompt: written to a cache
  std::optional<std::int64_t> completion_tokens = {};   ///< thinking included
  std::optional<std::int64_t> reasoning_tokens = {};    ///< of the completion
  bool operator==(const Usage&) const = default;
};

struct Started {
  std::string id;
  std::string model;  ///< as the upstream names it
  /// What it says of the prompt already now, as Anthropic does; the end's Usage is the true one.
  Usage usage = {};
  bool operator==(const Started&) const = default;
};

/// Whole UTF-8 characters. `logprobs`: entries in OpenAI's shape, where they were asked for.
struct TextDelta {
  std::string text;
  json::array logprobs = {};
  bool operator==(const TextDelta&) const = default;
};
struct RefusalDelta {
  std::string text;
  bool operator==(const RefusalDelta&) const = default;
};
struct ThinkingDelta {
  std::string text;
  bool operator==(const ThinkingDelta&) const = default;
};
/// Ends a run of ThinkingDelta; Anthropic's client must send it back.
struct ThinkingSignature {
  std::string signature;
  bool operator==(const ThinkingSignature&) const = default;
};
struct RedactedThinking {
  std::string data;
  bool operator==(const RedactedThinking&) const = default;
};

/// Calls are counted from 0 in the order they begin. All arguments of a call come right after it,
/// before text, thoughts or the next call: a reader refuses a stream that mixes them, so that
/// writers need not sort.
struct ToolCallBegin {
  std::size_t index = 0;
  std::string id;
  std::string name;
  bool operator==(const ToolCallBegin&) const = default;
};
struct ToolCallArguments {
  std::size_t index = 0;
  std::string text;  ///< a piece of JSON text
  bool operator==(const ToolCallArguments&) const = default;
};

enum class FinishCause : std::uint8_t { Stop, StopSequence, Length, ToolCalls, ContentFilter };
struct Finished {
  FinishCause cause = FinishCause::Stop;
  std::string stop_sequence = {};  ///< of StopSequence: which one
  std::string upstream_word = {};  ///< as the upstream wrote it, for traces
  bool operator==(const Finished&) const = default;
};

/// Whose fault a failure is: decides whether to retry, to fall back, or to open a breaker.
enum class FailureCause : std::uint8_t {
  Request,    ///< this request is wrong, or too long: another upstream may differ
  Key,        ///< our key is missing, wrong or expired
  Quota,      ///< no money or no allowance left: waiting minutes does not help
  RateLimit,  ///< too many requests or tokens now
  Overload,   ///< it has too much to do, or is loading
  Server,     ///< it broke
  Protocol,   ///< what it sent is not its dialect
  Cut,        ///< the answer ended in mid-stream
};

struct Failed {
  Error error;  ///< for the client; never holds a key
  FailureCause cause = FailureCause::Server;
  bool retryable = false;  ///< the same request may succeed at the same upstream later
  std::optional<std::chrono::milliseconds> retry_after = {};  ///< as the upstream asked
  int status = 0;       ///< of an HTTP answer that was an error from its head on; 0: there was none
  bool reached = true;  ///< false: the upstream cannot have seen the request
};
[[nodiscard]] bool operator==(const Failed& a, const Failed& b);

/// Started comes first, exactly one Finished or Failed last; nothing follows it. Failed may be the
/// only event.
using AnswerEvent =
    std::variant<Started, TextDelta, RefusalDelta, ThinkingDelta, ThinkingSignature,
                 RedactedThinking, ToolCallBegin, ToolCallArguments, Usage, Finished, Failed>;

/// A name and value of HTTP.
struct Header {
  std::string name;
  std::string value;
};

}  // namespace croft::dialects

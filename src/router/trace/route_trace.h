#pragma once
/// What happened to one routed request: plain data that the server fills in as it goes, and that is
/// shown as JSON (`route_trace: true`), as response headers and as spans (genai_spans.h).
///
/// Holds no text of a prompt or an answer, and no upstream's own words (threats.md A3): names are
/// those of the configuration, outcomes are codes of ours, and the two fields that an upstream
/// words are filtered wherever they are shown (trace_text.h).
///
/// Units: milliseconds are offsets from `RouteTrace::started`. Threads: plain data.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "router/trace/trace_context.h"

namespace croft {

/// One gate's answer before any model was asked.
struct GateTrace {
  std::string gate;     ///< "intent", "length", "language", ...
  std::string outcome;  ///< a configured label or a code: "billing", "no_signal", "timeout"
  double microseconds = 0.0;
};

/// A model that could have answered.
struct CandidateTrace {
  std::string model;         ///< as the configuration names it
  std::string skipped = {};  ///< why not, a code: "context_too_small"; empty: usable
};

/// Per million tokens, in the currency of the configuration.
struct AttemptPrice {
  double prompt = 0.0;
  std::optional<double> cached_prompt = {};  ///< none: as `prompt`
  double completion = 0.0;
  std::optional<double> cache_write = {};  ///< none: as `prompt`
  std::string currency = {};               ///< three letters
  std::string version = {};                ///< of the price list; empty: the configuration's own
};

/// One call of a model, the engine in this process or an upstream.
struct AttemptTrace {
  std::string provider = {};        ///< as the configuration names it; the engine's is "local"
  std::string model = {};           ///< that was asked for
  std::string response_model = {};  ///< as the upstream calls itself: foreign
  std::string dialect = {};         ///< "local", "openai", "anthropic" or "ollama"
  std::string server_address = {};  ///< lower case, no port; empty: our own engine
  std::uint16_t server_port = 0;
  SpanId span_id = 0;  ///< that the call carried in `traceparent`; 0: it carried none
  double started_ms = 0.0;
  double ended_ms = 0.0;
  std::optional<double> first_token_ms = {};
  std::optional<int> status = {};       ///< HTTP, of the last try
  std::optional<ErrorCode> error = {};  ///< none: it answered. Cancelled: no longer wanted
  std::size_t retries = 0;
  bool hedged = false;  ///< begun beside another that was slow
  /// With the cached ones, also where the dialect counts them apart. None: not told. A call that
  /// never reached its upstream has 0 of each, and so has one that was answered with an HTTP error:
  /// nobody charges for these.
  std::optional<std::uint64_t> prompt_tokens = {};
  std::optional<std::uint64_t> cached_tokens = {};
  std::optional<std::uint64_t> cache_write_tokens = {};
  std::optional<std::uint64_t> completion_tokens = {};
  /// It was cancelled or broke off before the upstream told its tokens: they are what we saw.
  bool estimated = false;
  std::string finish_reason = {};          ///< in the dialect's words: foreign
  std::optional<AttemptPrice> price = {};  ///< none: unpriced, which is never 0
};

/// When the local answer was judged.
enum class ConfidencePoint : std::uint8_t { Prefill, Tokens, End };
enum class ConfidenceDecision : std::uint8_t { GoOn, Keep, Escalate };

struct ConfidenceTrace {
  ConfidencePoint point = ConfidencePoint::End;
  std::size_t token = 0;                   ///< generated so far
  std::optional<double> probability = {};  ///< that it is acceptable; none: insufficient evidence
  double threshold = 0.0;
  ConfidenceDecision decision = ConfidenceDecision::Keep;
};

enum class TracedOperation : std::uint8_t { Chat, TextCompletion, Embeddings };

struct RouteTrace {
  TraceContext context = {};
  std::chrono::system_clock::time_point started = {};
  std::optional<double> ended_ms = {};  ///< none: still under way
  TracedOperation operation = TracedOperation::Chat;
  std::string request_id = {};
  std::string requested_model = {};  ///< once known to be one of ours; never a caller's free text
  bool streamed = false;
  bool shadow = false;                  ///< asked to check a local answer: no client waits
  std::optional<int> status = {};       ///< HTTP, of our answer
  std::optional<ErrorCode> error = {};  ///< none: answered. Cancelled: the client left

  std::string route = {};
  std::string rule = {};    ///< empty: none matched, the route's default
  std::string reason = {};  ///< made of configured names, codes and numbers
  std::vector<GateTrace> gates = {};
  /// What the rules could look at: numbers and words of closed sets, no text of the request.
  json::object features = {};
  std::vector<CandidateTrace> candidates = {};
  std::vector<ConfidenceTrace> confidence = {};  ///< in order; the last one decided
  std::vector<AttemptTrace> attempts = {};
  std::optional<std::size_t> answered_by = {};         ///< index in `attempts`
  std::optional<std::size_t> escalated_at_token = {};  ///< 0: before any; none: not escalated
  std::size_t thrown_away_tokens = 0;                  ///< local work that nobody was sent
  double overhead_microseconds = 0.0;                  ///< Croft's own time, not a model's
};

/// What something cost, or why that is not known.
enum class CostGap : std::uint8_t {
  Unpriced,  ///< a model without a price was called
  Unknown    ///< an upstream did not tell its tokens
};
using TracedCost = std::variant<double, CostGap>;
[[nodiscard]] TracedCost cost_of(const AttemptTrace& attempt);
/// Of all attempts, the hedged and the failed included. Unpriced outweighs Unknown.
[[nodiscard]] TracedCost cost_of(const RouteTrace& trace);

/// The attempt that answered, or null.
[[nodiscard]] const AttemptTrace* answer_of(const RouteTrace& trace);

[[nodiscard]] std::string_view confidence_point_text(ConfidencePoint point);
[[nodiscard]] std::string_view confidence_decision_text(ConfidenceDecision decision);
[[nodiscard]] std::string_view cost_gap_text(CostGap gap);

/// For `route_trace: true`. What is not known is null, except `cost`: a number, "unpriced" or
/// "unknown".
[[nodiscard]] json::object trace_json(const RouteTrace& trace);

/// x-croft-route, -model, -reason, -overhead-duration-ms, -escalated and -cost, as far as they are
/// known: the head of a stream leaves before its cost is. Values are printable ASCII (other
/// characters become "?"), at most 256 bytes.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> trace_headers(
    const RouteTrace& trace);

}  // namespace croft

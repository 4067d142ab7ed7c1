#include "router/policy/config_keys.h"

#include <array>
#include <charconv>

namespace croft {
namespace {

constexpr double kDay = 86'400;
constexpr double kMilliseconds = kDay * 1000;
constexpr double kBytes = 1e9;

constexpr std::array kUpstreamKeys = std::to_array<KeySpec>({
    {.name = "dialect",
     .kind = KeyKind::Choice,
     .choices = "openai|anthropic|ollama",
     .help = "which API it speaks; required"},
    {.name = "url",
     .help = "base address, to which `/chat/completions` (openai: so with `/v1`), `/v1/messages` "
             "or `/api/chat` is added; required. `https`, or `http` to this machine"},
    {.name = "key_env",
     .help = "the environment variable that holds the API key. A key itself never stands in the "
             "configuration"},
    {.name = "key_file",
     .kind = KeyKind::Path,
     .help = "the file that holds the API key, readable by its owner only"},
    {.name = "ca_file",
     .kind = KeyKind::Path,
     .help = "certificates (PEM) to trust instead of the system's"},
    {.name = "proxy", .help = "`http://HOST:PORT`; a proxy's password belongs into `HTTPS_PROXY`"},
    {.name = "headers",
     .kind = KeyKind::Table,
     .help = "further headers, `NAME = \"value\"`; none that carries a key"},
    {.name = "insecure_http",
     .kind = KeyKind::Flag,
     .fallback = "false",
     .help = "allow plain `http` to another machine"},
    {.name = "connect_ms",
     .kind = KeyKind::Integer,
     .fallback = "5000",
     .min = 1,
     .max = kMilliseconds,
     .unit = "milliseconds",
     .help = "until connected"},
    {.name = "first_token_ms",
     .kind = KeyKind::Integer,
     .fallback = "30000",
     .min = 1,
     .max = kMilliseconds,
     .unit = "milliseconds",
     .help = "from connected to the first byte of an answer"},
    {.name = "between_tokens_ms",
     .kind = KeyKind::Integer,
     .fallback = "20000",
     .min = 1,
     .max = kMilliseconds,
     .unit = "milliseconds",
     .help = "between two pieces of a stream"},
    {.name = "total_ms",
     .kind = KeyKind::Integer,
     .fallback = "600000",
     .min = 1,
     .max = kMilliseconds,
     .unit = "milliseconds",
     .help = "for the whole answer"},
    {.name = "retries",
     .kind = KeyKind::Integer,
     .fallback = "2",
     .max = 20,
     .help = "further tries, before the first byte of an answer only"},
    {.name = "hedge_ms",
     .kind = KeyKind::Integer,
     .fallback = "0",
     .max = kMilliseconds,
     .unit = "milliseconds",
     .help = "send the request a second time where nothing has come by then, and take what comes "
             "first; 0 is off. Both are paid for"},
    {.name = "concurrency_max",
     .kind = KeyKind::Integer,
     .fallback = "64",
     .min = 1,
     .max = 100'000,
     .help = "requests under way at once"},
    {.name = "breaker_failures",
     .kind = KeyKind::Integer,
     .fallback = "5",
     .min = 1,
     .max = 10'000,
     .help = "failures in a row after which it is left alone"},
    {.name = "breaker_cool_down_s",
     .kind = KeyKind::Integer,
     .fallback = "10",
     .min = 1,
     .max = kDay,
     .unit = "seconds",
     .help = "for how long at first; each trial that fails doubles it"},
});

constexpr std::array kModelKeys = std::to_array<KeySpec>({
    {.name = "upstream",
     .help = "which upstream serves it, or `local` for a model of this machine; required"},
    {.name = "model", .help = "its name there; without it, NAME"},
    {.name = "context",
     .kind = KeyKind::Integer,
     .fallback = "0",
     .max = 1e9,
     .unit = "tokens",
     .help = "longest prompt plus answer: longer requests pass it by; 0: unknown, none does"},
    {.name = "price_in",
     .kind = KeyKind::Real,
     .max = 1e6,
     .unit = "per million tokens",
     .help = "price of prompt tokens. A model of an upstream needs it with `price_out`, or "
             "`price`, or `free`: an unknown price is never taken for 0"},
    {.name = "price_out",
     .kind = KeyKind::Real,
     .max = 1e6,
     .unit = "per million tokens",
     .help = "price of answer tokens"},
    {.name = "price_cached",
     .kind = KeyKind::Real,
     .max = 1e6,
     .unit = "per million tokens",
     .help = "price of prompt tokens that the upstream had cached; without it, `price_in`"},
    {.name = "price_cache_write",
     .kind = KeyKind::Real,
     .max = 1e6,
     .unit = "per million tokens",
     .help = "price of prompt tokens that the upstream wrote to its cache; without it, `price_in`"},
    {.name = "price",
     .help =
         "instead of these: `\"PROVIDER/MODEL\"`, an entry of `croft prices list`, or "
         "`\"unknown\"`: then its cost is shown as unpriced, and keys with a budget may not use "
         "it"},
    {.name = "currency", .help = "of its prices, three letters; without it, that of `[router]`"},
    {.name = "free",
     .kind = KeyKind::Flag,
     .fallback = "false",
     .help = "it costs nothing: said, not assumed"},
    {.name = "capabilities",
     .kind = KeyKind::Texts,
     .fallback = "[\"tools\", \"json\"]",
     .help = "of `tools`, `json`, `images`: requests that need another pass it by"},
    {.name = "weight",
     .kind = KeyKind::Real,
     .fallback = "1",
     .max = 1e6,
     .help = "share of requests under `order = \"weighted\"`; 0: only when the others fail"},
});

constexpr std::array kRouteKeys = std::to_array<KeySpec>({
    {.name = "local",
     .kind = KeyKind::Texts,
     .help = "models of this machine, in order: installed names, `local:NAME`, or entries of "
             "`[models]` with `upstream = \"local\"`"},
    {.name = "cloud", .kind = KeyKind::Texts, .help = "entries of `[models]` with an upstream"},
    {.name = "order",
     .kind = KeyKind::Choice,
     .fallback = "cost",
     .choices = "cost|listed|weighted",
     .help = "which of `cloud` comes first: the cheapest for this request, the first listed, or "
             "drawn by weight. The others follow where it fails"},
    {.name = "default",
     .kind = KeyKind::Choice,
     .choices = "cascade|local|cloud",
     .help = "where a request goes that no rule matches; without it, `cascade` where the route "
             "has both kinds, else the kind it has. A cascade answers locally and escalates where "
             "the local answer is not good enough"},
    {.name = "privacy",
     .kind = KeyKind::Choice,
     .fallback = "local-only",
     .choices = "local-only|block|pseudonymise|allow",
     .help = "what happens to a request in which something sensitive was found, or whose text "
             "could not be examined: it stays on this machine; is refused where it would leave; "
             "leaves with surrogates in place of what was found, which the answer gets back (what "
             "could not be examined stays; docs/pseudonyms.md); or is let through"},
    {.name = "calibration",
     .kind = KeyKind::Path,
     .help = "the threshold of a cascade, made by `croft route calibrate`; without one there is no "
             "evidence that a local answer suffices, and every answer escalates"},
    {.name = "intents",
     .kind = KeyKind::Path,
     .help = "the intent model, made by `croft route train`"},
    {.name = "commit",
     .kind = KeyKind::Choice,
     .fallback = "buffer",
     .choices = "buffer|prefix",
     .help = "when a cascade's local answer is sent: once it is accepted as a whole, or as soon as "
             "its beginning is, which needs a calibration made with --decide-at early. Nothing is "
             "ever sent that could be withdrawn"},
    {.name = "samples",
     .kind = KeyKind::Integer,
     .fallback = "0",
     .max = 16,
     .help = "further short local answers whose agreement is measured; 0 is off"},
    {.name = "speculative",
     .kind = KeyKind::Flag,
     .fallback = "false",
     .help = "start the cloud's answer together with the local one: sooner, and paid for even "
             "where it is not used"},
    {.name = "after_first_byte",
     .kind = KeyKind::Choice,
     .fallback = "error",
     .choices = "error|fallback",
     .help = "an upstream that dies after the client has seen part of its answer: an error, or the "
             "next candidate is asked to go on where it stopped"},
    {.name = "shadow",
     .kind = KeyKind::Real,
     .fallback = "0",
     .max = 1,
     .help = "share of the answers served locally by a cascade that the cloud is asked as well, "
             "after the client has its answer; where they contradict the calibration, the route "
             "escalates everything until it is calibrated anew. Costs what the cloud costs"},
    {.name = "shadow_agreement",
     .kind = KeyKind::Real,
     .fallback = "0.8",
     .max = 1,
     .help = "share of words in common (F1) from which a shadow answer counts as the same"},
    {.name = "rules",
     .kind = KeyKind::Tables,
     .help = "`[[routes.\"NAME\".rules]]`, tried in order; the first that matches decides"},
});

constexpr std::array kRuleKeys = std::to_array<KeySpec>({
    {.name = "name", .help = "for traces and `explain`; required, unique in its route"},
    {.name = "when",
     .kind = KeyKind::Table,
     .help = "conditions, all of which must hold; without any, it always matches"},
    {.name = "use",
     .help = "`local`, `cloud`, `cascade`, `refuse`, the name of one of the route's candidates, or "
             "of another route, which then decides; required"},
    {.name = "reason", .help = "said to the client and in the trace; without it, the rule's name"},
});

constexpr std::array kConditionKeys = std::to_array<KeySpec>({
    {.name = "intent",
     .kind = KeyKind::Texts,
     .help = "labels of the intent model; `unknown`: it is missing or failed"},
    {.name = "intent_below",
     .kind = KeyKind::Real,
     .max = 1,
     .help = "the intent's probability is less"},
    {.name = "no_intent_signal",
     .kind = KeyKind::Flag,
     .help = "the intent model answered that it knows no such intent"},
    {.name = "sensitivity",
     .kind = KeyKind::Texts,
     .help = "`any` (something was found), `none`, `unknown` (the detector failed or took too "
             "long), or names of entities such as `IBAN_CODE`"},
    {.name = "characters_min",
     .kind = KeyKind::Integer,
     .max = kBytes,
     .help = "length of the last user message, at least"},
    {.name = "characters_max", .kind = KeyKind::Integer, .max = kBytes, .help = "and at most"},
    {.name = "bytes_min",
     .kind = KeyKind::Integer,
     .max = kBytes,
     .help = "the same in UTF-8 bytes"},
    {.name = "bytes_max", .kind = KeyKind::Integer, .max = kBytes, .help = "and at most"},
    {.name = "total_bytes_min",
     .kind = KeyKind::Integer,
     .max = kBytes,
     .help = "text of the whole conversation in UTF-8 bytes"},
    {.name = "total_bytes_max", .kind = KeyKind::Integer, .max = kBytes, .help = "and at most"},
    {.name = "tokens_min",
     .kind = KeyKind::Integer,
     .max = kBytes,
     .help = "length of the whole prompt, estimated"},
    {.name = "tokens_max", .kind = KeyKind::Integer, .max = kBytes, .help = "and at most"},
    {.name = "keywords_any",
     .kind = KeyKind::Texts,
     .help = "one of these occurs in the last user message; ASCII letters match both cases"},
    {.name = "keywords_all", .kind = KeyKind::Texts, .help = "each of these occurs there"},
    {.name = "language",
     .kind = KeyKind::Texts,
     .help = "codes such as `de`; `unknown`: too short or mixed to say, or not examined"},
    {.name = "tools", .kind = KeyKind::Flag, .help = "the request offers tools"},
    {.name = "json", .kind = KeyKind::Flag, .help = "the request asks for JSON"},
    {.name = "code", .kind = KeyKind::Flag, .help = "the request contains program code"},
    {.name = "images", .kind = KeyKind::Flag, .help = "the request contains images"},
    {.name = "deadline_below_ms",
     .kind = KeyKind::Integer,
     .max = kMilliseconds,
     .unit = "milliseconds",
     .help = "the caller gave a deadline that is nearer"},
    {.name = "tenant",
     .kind = KeyKind::Texts,
     .help =
         "of the API key; `*` stands for any text, `?` for one character; `unknown`: no tenant"},
    {.name = "hours",
     .help = "`08:00-18:00`, local time, the end excluded; `22:00-06:00` runs over midnight"},
    {.name = "days",
     .kind = KeyKind::Texts,
     .help = "`mon` to `sun`, `mon-fri`; hours after midnight belong to the day they began on"},
    {.name = "budget_left_below",
     .kind = KeyKind::Real,
     .max = 1e12,
     .help = "what is left of the tenant's budget is less; in the currency of `[router]`"},
    {.name = "any", .kind = KeyKind::Tables, .help = "tables of conditions, one of which holds"},
    {.name = "all", .kind = KeyKind::Tables, .help = "tables of conditions, all of which hold"},
    {.name = "not", .kind = KeyKind::Table, .help = "a table of conditions that does not hold"},
});

constexpr std::array kRouterKeys = std::to_array<KeySpec>({
    {.name = "currency",
     .fallback = "USD",
     .help = "of prices and budgets, three letters. Croft converts none: candidates that are "
             "compared have one currency"},
});

constexpr std::array kPrivacyKeys = std::to_array<KeySpec>({
    {.name = "patterns",
     .kind = KeyKind::Tables,
     .help = "`[[privacy.patterns]]`: what else is personal here, at most 100"},
    {.name = "words",
     .kind = KeyKind::Table,
     .help = "lists of words to find, `TYPE = \"file.txt\"`, one entry of up to 16 words a line: "
             "whole words, whatever their case and accents"},
    {.name = "allow",
     .kind = KeyKind::Texts,
     .help = "texts that are never flagged, such as the address of one's own help desk; a finding "
             "must be exactly one of them, but for ASCII case"},
});

constexpr std::array kPatternKeys = std::to_array<KeySpec>({
    {.name = "name",
     .help = "the type that findings get: one that Croft knows, or a new one in capital letters, "
             "digits and `_`; required"},
    {.name = "regex",
     .help = "what to find, as RE2 writes it (no look-around, no back-references), so that no text "
             "makes it slow; required"},
    {.name = "score",
     .kind = KeyKind::Real,
     .fallback = "0.6",
     .max = 1,
     .help = "how sure a match is; of two findings that overlap the higher one stays. 0: only with "
             "a word of `context` nearby"},
    {.name = "context",
     .kind = KeyKind::Texts,
     .help =
         "words that add 0.35 to the score where one stands up to 80 bytes before or 32 behind"},
});

constexpr std::array<std::string_view, 5> kTables = {"upstreams", "models", "routes", "router",
                                                     "privacy"};

std::string plain(double value) {
  std::array<char, 32> buffer{};
  const auto [end, problem] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return problem == std::errc{} ? std::string(buffer.data(), end) : std::string();
}

}  // namespace

std::span<const KeySpec> upstream_keys() {
  return kUpstreamKeys;
}
std::span<const KeySpec> model_keys() {
  return kModelKeys;
}
std::span<const KeySpec> route_keys() {
  return kRouteKeys;
}
std::span<const KeySpec> rule_keys() {
  return kRuleKeys;
}
std::span<const KeySpec> condition_keys() {
  return kConditionKeys;
}
std::span<const KeySpec> router_keys() {
  return kRouterKeys;
}
std::span<const KeySpec> privacy_keys() {
  return kPrivacyKeys;
}
std::span<const KeySpec> pattern_keys() {
  return kPatternKeys;
}
std::span<const std::string_view> router_tables() {
  return kTables;
}

std::vector<std::string> key_names(std::span<const KeySpec> keys) {
  std::vector<std::string> names;
  for (const KeySpec& key : keys) names.emplace_back(key.name);
  return names;
}

std::vector<std::string_view> key_choices(const KeySpec& key) {
  std::vector<std::string_view> choices;
  std::string_view rest = key.choices;
  while (!rest.empty()) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    choices.push_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return choices;
}

std::string expected_value(const KeySpec& key) {
  const std::string range = " from " + plain(key.min) + " to " + plain(key.max) +
                            (key.unit.empty() ? "" : " (" + std::string(key.unit) + ")");
  switch (key.kind) {
    case KeyKind::Choice: {
      std::string text = "one of ";
      for (const std::string_view choice : key_choices(key))
        text += (text == "one of " ? "" : ", ") + std::string(choice);
      return text;
    }
    case KeyKind::Integer:
      return "a whole number" + range;
    case KeyKind::Real:
      return "a number" + range;
    case KeyKind::Flag:
      return "true or false";
    case KeyKind::Texts:
      return "a string or an array of strings";
    case KeyKind::Table:
      return "a table";
    case KeyKind::Tables:
      return "an array of tables";
    case KeyKind::Text:
    case KeyKind::Path:
      break;
  }
  return "a string";
}

}  // namespace croft

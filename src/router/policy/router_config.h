#pragma once
/// The router's configuration, parsed and checked: upstreams, models, routes with their rules.
/// Plain data, immutable once made; one shared_ptr serves every thread, and a new one replaces it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/policy/condition.h"

namespace croft::privacy {
class CustomRules;
}

namespace croft {

// The orders of the enums below are those of their choices in config_keys.cpp.
enum class UpstreamDialect : std::uint8_t { OpenAi, Anthropic, Ollama };

struct UpstreamConfig {
  std::string name;
  UpstreamDialect dialect = UpstreamDialect::OpenAi;
  std::string url;      ///< without a slash at its end
  std::string key_env;  ///< one of these, or neither: no key is sent
  std::filesystem::path key_file;
  std::filesystem::path ca_file;
  std::string proxy;
  std::vector<std::pair<std::string, std::string>> headers;
  bool insecure_http = false;
  std::chrono::milliseconds connect{};
  std::chrono::milliseconds first_token{};
  std::chrono::milliseconds between_tokens{};
  std::chrono::milliseconds total{};
  std::size_t retries = 0;
  std::chrono::milliseconds hedge{};  ///< 0: off
  std::size_t concurrency_max = 0;
  std::size_t breaker_failures = 0;
  std::chrono::seconds breaker_cool_down{};
  std::string place;

  friend bool operator==(const UpstreamConfig&, const UpstreamConfig&) = default;
};

/// Prices are per million tokens.
struct TokenPrices {
  double in = 0.0;
  double out = 0.0;
  double cached = 0.0;
  std::optional<double> cache_write = {};  ///< none: as `in`
  std::string currency = {};               ///< three letters
  std::string version = {};                ///< of the price list; empty: they stand in the file
  bool unpriced = false;                   ///< nobody knows: never taken for 0

  /// Of what nobody knows: infinite, so that everything else comes before it.
  [[nodiscard]] double cost(std::size_t prompt_tokens, std::size_t answer_tokens) const {
    if (unpriced) return std::numeric_limits<double>::infinity();
    return (in * static_cast<double>(prompt_tokens) + out * static_cast<double>(answer_tokens)) /
           1e6;
  }
};

/// A model that a route may choose: of an upstream, or of this machine.
struct CandidateModel {
  std::string name;
  std::optional<std::size_t> upstream;  ///< index; none: local
  std::string model;                    ///< its name there
  std::size_t context = 0;              ///< tokens; 0: unknown
  TokenPrices prices;                   ///< of local and free ones 0
  bool tools = true;
  bool json = true;
  bool images = false;
  double weight = 1.0;
  std::string place;

  [[nodiscard]] bool is_local() const { return !upstream; }
};

enum class RouteMode : std::uint8_t {
  Cascade,  ///< locally first; escalates where that answer is not good enough
  Local,
  Cloud,
  Refuse,
};
[[nodiscard]] std::string_view route_mode_text(RouteMode mode);

enum class CandidateOrder : std::uint8_t { Cost, Listed, Weighted };
/// As privacy::PrivacyMode, which this folder knows nothing of; in the order of the key's choices.
enum class RoutePrivacy : std::uint8_t { LocalOnly, Block, Pseudonymise, Allow };
enum class CommitPolicy : std::uint8_t { Buffer, Prefix };
enum class AfterFirstByte : std::uint8_t { Error, Fallback };

/// What a rule does: a mode over the route's candidates, one candidate, or another route.
struct RuleUse {
  RouteMode mode = RouteMode::Refuse;
  std::optional<std::uint32_t> model;  ///< this one only
  std::optional<std::uint32_t> route;  ///< this one decides; mode and model mean nothing then
};

struct RouteRule {
  std::string name;
  std::vector<Condition> when;  ///< all of them
  RuleUse use;
  std::string use_text;  ///< as written
  std::string reason;    ///< never empty
  std::string place;
};

struct RouteConfig {
  std::string name;
  std::vector<std::uint32_t> local;  ///< indices of models, in order
  std::vector<std::uint32_t> cloud;
  CandidateOrder order = CandidateOrder::Cost;
  RouteMode fallback = RouteMode::Local;  ///< where no rule matches: its `default`
  RoutePrivacy privacy = RoutePrivacy::LocalOnly;
  std::filesystem::path calibration;
  std::filesystem::path intents;
  CommitPolicy commit = CommitPolicy::Buffer;
  std::size_t samples = 0;
  bool speculative = false;
  AfterFirstByte after_first_byte = AfterFirstByte::Error;
  double shadow = 0.0;            ///< share of what is served locally
  double shadow_agreement = 0.8;  ///< share of common words that counts as the same
  std::vector<RouteRule> rules;
  std::string place;
};

struct RouterConfig {
  std::string currency;
  std::shared_ptr<const privacy::CustomRules> privacy;  ///< null: nothing of one's own
  std::vector<UpstreamConfig> upstreams;
  std::vector<CandidateModel> models;  ///< local ones that routes name without an entry included
  std::vector<RouteConfig> routes;

  [[nodiscard]] const RouteConfig* find_route(std::string_view name) const;
  [[nodiscard]] const CandidateModel* find_model(std::string_view name) const;
};

}  // namespace croft

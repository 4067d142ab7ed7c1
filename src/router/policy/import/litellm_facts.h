#pragma once
/// What is known of LiteLLM's format, apart from any one file. Source: LiteLLM's documentation of
/// config.yaml, as of October 2026.

#include <string_view>

namespace croft {

/// How a provider prefix of LiteLLM's is reached: those that speak a dialect of ours.
struct LiteLlmProvider {
  std::string_view prefix;
  std::string_view dialect;
  std::string_view url;      ///< empty: api_base must say it
  std::string_view key_env;  ///< where LiteLLM looks for a key that is not given
};

/// Null where it speaks none.
[[nodiscard]] const LiteLlmProvider* find_litellm_provider(std::string_view prefix);

/// Why the key `name` is not carried over, and what to do instead; empty: nothing is known of it.
[[nodiscard]] std::string_view litellm_reason(std::string_view name);

}  // namespace croft

#include "router/policy/import/litellm_facts.h"

#include <algorithm>
#include <array>
#include <utility>

namespace croft {
namespace {

constexpr std::array kProviders = std::to_array<LiteLlmProvider>({
    {"openai", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY"},
    {"anthropic", "anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY"},
    {"ollama", "ollama", "http://127.0.0.1:11434", ""},
    {"ollama_chat", "ollama", "http://127.0.0.1:11434", ""},
    {"groq", "openai", "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
    {"mistral", "openai", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"},
    {"deepseek", "openai", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"},
    {"openrouter", "openai", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
    {"together_ai", "openai", "https://api.together.xyz/v1", "TOGETHERAI_API_KEY"},
    {"fireworks_ai", "openai", "https://api.fireworks.ai/inference/v1", "FIREWORKS_AI_API_KEY"},
    {"xai", "openai", "https://api.x.ai/v1", "XAI_API_KEY"},
    {"hosted_vllm", "openai", "", ""},
    {"lm_studio", "openai", "", ""},
    {"openai_like", "openai", "", ""},
    {"custom_openai", "openai", "", ""},
});

}  // namespace

const LiteLlmProvider* find_litellm_provider(std::string_view prefix) {
  const auto found = std::ranges::find(kProviders, prefix, &LiteLlmProvider::prefix);
  return found == kProviders.end() ? nullptr : &*found;
}

std::string_view litellm_reason(std::string_view name) {
  constexpr std::array reasons = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"rpm",
       "Croft sets no limit of requests a minute for an upstream; it obeys its rate-limit "
       "headers"},
      {"tpm",
       "Croft sets no limit of tokens a minute for an upstream; it obeys its rate-limit "
       "headers"},
      {"max_parallel_requests", "set concurrency_max of the upstream by hand"},
      {"stream_timeout", "set first_token_ms and between_tokens_ms of the upstream by hand"},
      {"general_settings",
       "settings of the server and its keys: see `croft serve` and its key file"},
      {"master_key", "a key is never copied"},
      {"environment_variables",
       "values of variables may be keys and are not copied: set them where "
       "the server runs"},
      {"include", "other files are not read: import each"},
      {"extra_headers", "headers may carry keys and are not copied: see headers of [upstreams]"},
      {"headers", "headers may carry keys and are not copied: see headers of [upstreams]"},
      {"api_version", "Croft speaks no dialect that has versions in its address"},
      {"context_window_fallbacks",
       "Croft passes by candidates whose context is too small: name the "
       "larger model in cloud"},
      {"content_policy_fallbacks", "Croft asks no other model when one refuses"},
      {"default_fallbacks", "name them in cloud of each route"},
      {"callbacks", "see Croft's metrics and traces"},
      {"success_callback", "see Croft's metrics and traces"},
      {"failure_callback", "see Croft's metrics and traces"},
      {"cache", "Croft keeps no answers"},
      {"cache_params", "Croft keeps no answers"},
      {"guardrails", "see privacy of [routes]"},
      {"drop_params", "Croft refuses what an upstream cannot express, and drops nothing"},
      {"input_cost_per_second", "Croft counts tokens"},
      {"output_cost_per_second", "Croft counts tokens"},
      {"temperature", "Croft sets no parameters for clients"},
      {"max_tokens", "Croft sets no parameters for clients"},
  });
  const auto found = std::ranges::find(reasons, name, &decltype(reasons)::value_type::first);
  return found == reasons.end() ? std::string_view() : found->second;
}

}  // namespace croft

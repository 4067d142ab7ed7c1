#include "server/routing/attempt_trace.h"

#include <algorithm>

namespace croft {
namespace {

std::string_view dialect_word(UpstreamDialect dialect) {
  switch (dialect) {
    case UpstreamDialect::OpenAi:
      return "openai";
    case UpstreamDialect::Anthropic:
      return "anthropic";
    case UpstreamDialect::Ollama:
      break;
  }
  return "ollama";
}

std::optional<std::uint64_t> counted(const std::optional<std::int64_t>& tokens) {
  if (!tokens || *tokens < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*tokens);
}

/// The host, without scheme, port and path: what spans call the server's address.
std::string host_of(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find_first_of(":/")));
}

/// As the configuration has it at this moment; none: unpriced.
std::optional<AttemptPrice> price_now(const CandidateModel& model) {
  if (model.prices.unpriced) return std::nullopt;
  return AttemptPrice{.prompt = model.prices.in,
                      .cached_prompt = model.prices.cached,
                      .completion = model.prices.out,
                      .cache_write = model.prices.cache_write,
                      .currency = model.prices.currency,
                      .version = model.prices.version};
}

}  // namespace

AttemptTrace attempt_trace(const CandidateModel& model, const UpstreamConfig& upstream,
                           double began_ms) {
  AttemptTrace attempt;
  attempt.provider = upstream.name;
  attempt.model = model.name;
  attempt.dialect = dialect_word(upstream.dialect);
  attempt.server_address = host_of(upstream.url);
  attempt.started_ms = began_ms;
  return attempt;
}

std::uint64_t prompt_tokens_about(const dialects::ChatCall& call) {
  std::uint64_t bytes = 0;
  for (const dialects::ChatMessage& message : call.messages) {
    constexpr std::uint64_t around_a_message = 16;
    bytes += around_a_message;
    for (const dialects::ContentPart& part : message.content)
      if (const auto* text = std::get_if<dialects::TextPart>(&part)) bytes += text->text.size();
  }
  return (bytes + 3) / 4;
}

AttemptTrace attempt_trace(const AttemptNote& note, const CandidateModel& model,
                           const UpstreamConfig& upstream, double began_ms,
                           std::uint64_t prompt_tokens_about) {
  AttemptTrace attempt = attempt_trace(model, upstream, began_ms + note.started_ms);
  attempt.ended_ms = began_ms + (note.ended_ms < 0 ? note.started_ms : note.ended_ms);
  if (note.first_ms >= 0) attempt.first_token_ms = began_ms + note.first_ms;
  if (note.failure) {
    attempt.error = note.failure->error.code;
    if (note.failure->status != 0) attempt.status = note.failure->status;
  }
  if (note.cancelled) attempt.error = ErrorCode::Cancelled;
  attempt.retries = note.retry;
  attempt.hedged = note.hedge;
  attempt.prompt_tokens = counted(note.usage.prompt_tokens);
  attempt.cached_tokens = counted(note.usage.cached_tokens);
  attempt.cache_write_tokens = counted(note.usage.cache_write_tokens);
  attempt.completion_tokens = counted(note.usage.completion_tokens);
  attempt.price = price_now(model);
  const bool broke_off = note.cancelled || note.failure;
  const bool told = attempt.prompt_tokens && attempt.completion_tokens;
  if (note.failure && (!note.failure->reached || note.failure->status >= 400)) {
    if (!told) attempt.prompt_tokens = attempt.completion_tokens = 0;
  } else if (broke_off && note.first_ms >= 0) {
    // What had been heard by then. Anthropic tells its count of the prompt at the beginning, and a
    // first count of the answer, which grows.
    attempt.estimated = true;
    if (!attempt.prompt_tokens) attempt.prompt_tokens = prompt_tokens_about;
    attempt.completion_tokens =
        std::max<std::uint64_t>(attempt.completion_tokens.value_or(0), note.answer_tokens);
  }
  return attempt;
}

}  // namespace croft

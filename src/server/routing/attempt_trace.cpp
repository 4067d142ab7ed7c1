#include "server/routing/attempt_trace.h"

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

AttemptTrace attempt_trace(const AttemptNote& note, const CandidateModel& model,
                           const UpstreamConfig& upstream, double began_ms) {
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
  attempt.completion_tokens = counted(note.usage.completion_tokens);
  attempt.price = AttemptPrice{.prompt = model.prices.in,
                               .cached_prompt = model.prices.cached,
                               .completion = model.prices.out};
  return attempt;
}

}  // namespace croft

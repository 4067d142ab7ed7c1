#include "router/dialects/chat_exchange.h"

namespace croft::dialects {

std::string_view dialect_text(Dialect dialect) {
  switch (dialect) {
    case Dialect::OpenAi:
      return "OpenAI";
    case Dialect::Anthropic:
      return "Anthropic";
    case Dialect::Ollama:
      return "Ollama";
  }
  return "";
}

bool operator==(const Failed& a, const Failed& b) {
  return a.error.code == b.error.code && a.error.message == b.error.message &&
         a.error.hint == b.error.hint && a.error.field == b.error.field && a.cause == b.cause &&
         a.retryable == b.retryable && a.retry_after == b.retry_after;
}

}  // namespace croft::dialects

#include "router/trace/trace_text.h"

#include <algorithm>
#include <array>

#include "text/utf8.h"

namespace croft {
namespace {

constexpr std::size_t foreign_bytes_max = 128;

constexpr std::array<std::string_view, 19> kFinishReasons = {
    // OpenAI, and our own engine
    "stop", "length", "tool_calls", "content_filter", "function_call", "cancelled",
    // Anthropic
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal",
    "model_context_window_exceeded",
    // Ollama
    "load", "unload",
    // Servers that speak OpenAI's dialect
    "eos", "abort", "error", "timeout"};

}  // namespace

std::string trace_name(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Step step = utf8::decode(text, at);
    // C1 controls too: terminals obey them.
    const bool control = step.value < 0x20 || (step.value >= 0x7f && step.value < 0xa0);
    std::string character;
    if (control)
      character = "?";
    else
      utf8::append(character, step.value);
    if (out.size() + character.size() > trace_text_bytes_max) break;
    out += character;
    at += step.length;
  }
  return out;
}

std::string trace_foreign_name(std::string_view text) {
  constexpr std::string_view marks = "._:/@+-";
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  };
  if (text.size() > foreign_bytes_max || !std::ranges::all_of(text, allowed)) return {};
  return std::string(text);
}

std::string_view trace_finish_reason(std::string_view text) {
  if (text.empty()) return {};
  const auto* const known = std::ranges::find(kFinishReasons, text);
  return known == kFinishReasons.end() ? std::string_view("other") : *known;
}

std::string trace_header_value(std::string_view text) {
  const std::string name = trace_name(text);
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const utf8::Step step = utf8::decode(name, at);
    out += step.value < 0x7f ? static_cast<char>(step.value) : '?';
    at += step.length;
  }
  return out;
}

}  // namespace croft

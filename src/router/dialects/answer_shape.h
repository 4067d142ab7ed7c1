#pragma once
/// JSON that the streams and the whole answers of both client dialects share. A part of
/// answer_writer.h.

#include <string_view>

#include "base/json.h"
#include "router/dialects/answer_writer.h"

namespace croft::dialects {

[[nodiscard]] std::string_view openai_finish_word(FinishCause cause);
[[nodiscard]] std::string_view anthropic_stop_word(FinishCause cause);

/// Null where nothing is known; else only the counts that are.
[[nodiscard]] json::value openai_usage_json(const Usage& usage);
/// input_tokens without those that a cache had or got. Unknown counts are null.
[[nodiscard]] json::object anthropic_usage_json(const Usage& usage);

/// Adds warnings and extra members; a member of the answer itself is never replaced.
void add_extras(const AnswerLook& look, json::object& body);

[[nodiscard]] std::unique_ptr<AnswerWriter> make_openai_writer(AnswerLook look);
[[nodiscard]] std::unique_ptr<AnswerWriter> make_anthropic_writer(AnswerLook look);

}  // namespace croft::dialects

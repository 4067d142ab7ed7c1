#pragma once
/// What the three writers of requests share. A part of write_request.h.

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "router/dialects/chat_exchange.h"
#include "router/dialects/field_reader.h"
#include "router/dialects/write_request.h"

namespace croft::dialects {

/// Unsupported, with a message that names the dialect: "`top_k` cannot be asked of an OpenAI
/// upstream".
[[nodiscard]] std::unexpected<Error> not_expressible(std::string_view field, Dialect dialect,
                                                     std::string why = {});

/// The member's name in the client's own request: "max_tokens" there, "max_completion_tokens" here.
[[nodiscard]] std::string part_field(const ChatMessage& message, std::size_t part);

/// Puts the extras that `dialect` takes into `body`. Errors: Unsupported for one that it does not
/// and that may change the answer; hints are left out with a warning.
Result<void> write_extras(const ChatCall& call, Dialect dialect, bool engine_extras,
                          WrittenRequest& out);

/// Refuses several choices: the answer's events carry one.
Result<void> refuse_choices(const ChatCall& call, Dialect dialect);

/// Whether anything asks for Anthropic's cache.
[[nodiscard]] bool wants_cache(const ChatCall& call);

/// The call's arguments as an object; empty text is an empty object. Errors: InvalidArgument.
Result<json::object> arguments_object(const ToolCall& call, const std::string& field);

/// All texts of a message, one after the other. Errors: Unsupported for another kind of part.
Result<std::string> joined_text(const ChatMessage& message, Dialect dialect);

}  // namespace croft::dialects

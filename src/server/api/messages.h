#pragma once
/// Chat messages as clients send them, validated and brought to the one shape that templates
/// expect.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace croft {

/// Checks every message and returns them with: developer as system; lists of text parts joined to
/// one string; tool-call arguments as objects (templates print them). Unknown members are dropped
/// and named in `warnings`. Errors: InvalidArgument or Unsupported (image, audio, file parts);
/// `field` is like `messages[2].content[0].type`.
Result<json::array> read_messages(const json::value& messages, std::vector<std::string>& warnings);

/// The template's context from a body that check_fields has accepted: messages, tools where given,
/// add_generation_prompt, chat_template_kwargs and the thinking switch of reasoning_effort.
/// Errors: as read_messages; InvalidArgument for a kwarg that would replace what the server sets
/// (threats.md J6).
Result<json::object> read_template_context(const json::object& body,
                                           std::string_view template_source,
                                           std::vector<std::string>& warnings);

}  // namespace croft

#pragma once
/// Requests of clients, from the JSON of their dialect to one typed form. Strict: a wrong member is
/// an error that names it ("messages[2].content[0].type"), an unknown one a warning, and nothing is
/// dropped without a word. Model names, context lengths and what an upstream can do are not checked
/// here: see write_request.h.

#include "base/error.h"
#include "base/json.h"
#include "router/dialects/chat_exchange.h"

namespace croft::dialects {

/// The body of POST /v1/chat/completions. Errors: InvalidArgument; Unsupported for what no upstream
/// could be asked through the typed form (audio, files, custom tools, `functions`).
Result<ChatCall> read_openai_chat(const json::value& body);

/// The body of POST /v1/messages. Errors: as above (documents, server tools, containers).
Result<ChatCall> read_anthropic_messages(const json::value& body);

}  // namespace croft::dialects

#pragma once
/// The `system` and `messages` of an Anthropic request. A part of read_request.h.

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "router/dialects/chat_exchange.h"
#include "router/dialects/field_reader.h"

namespace croft::dialects {

/// `cache_control` of any object that may have one.
Result<std::optional<CacheControl>> read_cache_control(FieldReader& reader,
                                                       std::vector<std::string>& warnings);

/// A string or text blocks; becomes one System message.
Result<ChatMessage> read_anthropic_system(const json::value& system,
                                          std::vector<std::string>& warnings);

/// A user message's tool results become messages of role Tool before the rest of it. Errors:
/// InvalidArgument; Unsupported (documents, search results, server tools).
Result<std::vector<ChatMessage>> read_anthropic_list(const json::array& messages,
                                                     std::vector<std::string>& warnings);

}  // namespace croft::dialects

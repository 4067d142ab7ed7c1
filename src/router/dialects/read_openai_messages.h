#pragma once
/// The `messages` of an OpenAI chat request. A part of read_request.h.

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "router/dialects/chat_exchange.h"

namespace croft::dialects {

inline constexpr std::size_t messages_count_max = 100'000;
inline constexpr std::size_t parts_count_max = 100'000;  ///< of one message

/// Developer becomes System. Errors: InvalidArgument; Unsupported (audio, files, role function).
Result<std::vector<ChatMessage>> read_openai_messages(const json::array& messages,
                                                      std::vector<std::string>& warnings);

/// "data:image/png;base64,..." or a URL that the upstream fetches. Errors: InvalidArgument.
Result<ImagePart> read_image_url(const std::string& url, const std::string& field);

}  // namespace croft::dialects

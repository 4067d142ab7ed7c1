#pragma once
/// Bytes of a foreign file inside an error message.

#include <string>
#include <string_view>

namespace croft {

/// `text` in double quotes, safe for a terminal and a log: bytes outside printable ASCII become
/// \xNN, and what lies beyond 80 bytes is replaced by "..." and the length, so that a hostile name
/// cannot flood a message.
[[nodiscard]] std::string quote_foreign(std::string_view text);

}  // namespace croft

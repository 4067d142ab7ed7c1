#pragma once
/// Undoes JSON's escapes in a text that may hold JSON, whole or broken: what a tool's arguments say
/// once they are read.

#include <string>
#include <string_view>

namespace croft::privacy {

/// Writes `text` with \", \\, \/, \n, \uXXXX and so on undone; what is no escape stays. Returns
/// whether anything changed. A surrogate without its other half becomes U+FFFD.
bool json_unescaped(std::string_view text, std::string& out);

}  // namespace croft::privacy

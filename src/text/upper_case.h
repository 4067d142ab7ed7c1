#pragma once
/// Upper case, beside unicode.h's lower case; defined in unicode.cpp.

#include <string>
#include <string_view>

namespace croft::unicode {

/// Every code point's simple upper case; sharp s becomes "SS", others that would become several
/// stay.
[[nodiscard]] std::string upper_case(std::string_view text);

}  // namespace croft::unicode

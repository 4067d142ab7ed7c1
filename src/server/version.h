#pragma once
/// The version that the `Server` header and the fingerprint name; CMake's project version.

#include <string_view>

namespace croft {
inline constexpr std::string_view kVersion = CROFT_VERSION;
}

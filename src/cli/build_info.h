#pragma once
/// What this binary was built from.

#include <string_view>

namespace croft::cli {

[[nodiscard]] std::string_view version_text();  ///< "0.1.0"
[[nodiscard]] std::string_view
commit_text();  ///< "6371bb0", "6371bb0-dirty", or "unknown" outside git
[[nodiscard]] std::string_view compiler_text();  ///< "gcc 12.2.0"
[[nodiscard]] std::string_view build_type_text();

}  // namespace croft::cli

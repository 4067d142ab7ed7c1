#pragma once
/// Tables on a terminal.

#include <string>
#include <vector>

namespace croft::cli {

/// Columns as wide as their widest cell; the last one is not padded. Control characters are
/// escaped.
[[nodiscard]] std::string text_columns(const std::vector<std::vector<std::string>>& rows);

}  // namespace croft::cli

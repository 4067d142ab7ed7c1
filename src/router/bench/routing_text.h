#pragma once
/// Figures as the page writes them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/bench/estimate.h"
#include "router/confidence/binomial.h"

namespace croft {

/// "55.2 %".
[[nodiscard]] std::string percent_text(double share, int decimals = 1);
/// "55.2 % (51.0 to 59.1)"; "undefined" without a value.
[[nodiscard]] std::string estimate_text(const Estimate& figure, int decimals = 1);
/// The same of a figure and its interval as a frontier has them, "never" without a value.
[[nodiscard]] std::string share_text(const std::optional<double>& value,
                                     const std::optional<ShareInterval>& ends);
/// ".719 (.705 to .731)" as "0.719 (0.705 to 0.731)"; "-" without a value.
[[nodiscard]] std::string auc_text(const std::optional<double>& value,
                                   const std::optional<ShareInterval>& ends);
/// "| a | b |\n".
[[nodiscard]] std::string table_row(const std::vector<std::string>& cells);
/// The header and its rule; all columns but the first to the right.
[[nodiscard]] std::string table_head(const std::vector<std::string>& cells);
/// `text` on one line without what Markdown or HTML would read as markup.
[[nodiscard]] std::string plain_text(std::string_view text);

}  // namespace croft

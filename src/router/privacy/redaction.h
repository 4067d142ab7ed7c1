#pragma once
/// A text with its findings taken out.

#include <span>
#include <string>
#include <string_view>

#include "router/privacy/find_entities.h"

namespace croft::privacy {

/// `text` with "<CREDIT_CARD>" in place of each finding: Presidio's operator `replace`. Requires:
/// findings of this text, in order and apart.
[[nodiscard]] std::string redacted(std::string_view text, std::span<const Finding> findings);

}  // namespace croft::privacy

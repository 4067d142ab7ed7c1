#pragma once
/// What random keys look like, against words and names.

#include <string_view>

namespace croft::privacy {

/// Shannon entropy of the bytes, in bits each.
[[nodiscard]] double entropy_bits(std::string_view text);

/// Letters and digits that change often, and little repetition: "9fK2xQ7b...", not
/// "section-2-title". Looks at the first 256 bytes.
[[nodiscard]] bool looks_random(std::string_view text);

}  // namespace croft::privacy

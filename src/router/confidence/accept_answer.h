#pragma once
/// Whether an answer will do, where what was expected is known: how rows are labelled and shadow
/// answers compared.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace croft {

enum class AcceptRule : std::uint8_t {
  Exact,     ///< the same words: case, white space and punctuation at the ends do not count
  Contains,  ///< those words somewhere in the answer
  Number,    ///< the last number of both is the same
  Json       ///< the same value, members in any order; text around one JSON value is passed over
};
[[nodiscard]] std::string_view accept_rule_text(AcceptRule rule);  ///< "exact"
[[nodiscard]] std::optional<AcceptRule> find_accept_rule(std::string_view name);

/// O(answer + expected), but for Json, which parses.
[[nodiscard]] bool accepts(AcceptRule rule, std::string_view answer, std::string_view expected);

/// Words of both, lower case (ASCII) and without punctuation: harmonic mean of precision and
/// recall, 0 to 1. Two texts without words are equal.
[[nodiscard]] double word_f1(std::string_view a, std::string_view b);

}  // namespace croft

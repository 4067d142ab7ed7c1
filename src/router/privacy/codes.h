#pragma once
/// Identifiers of letters and digits, compacted: upper case, without the spaces and dashes that
/// people put in.

#include <array>
#include <bitset>
#include <cstddef>
#include <string_view>

namespace croft::privacy {

inline constexpr std::size_t kCodeMax = 34;  ///< an IBAN has no more

/// The first characters from some place on, and where each came from.
struct CompactCode {
  std::array<char, kCodeMax> upper;
  std::array<std::size_t, kCodeMax> place;
  std::bitset<kCodeMax> ends_word;  ///< no letter or digit follows the character at once
  std::bitset<kCodeMax> was_lower;
  std::size_t size = 0;
  std::size_t first_word_size = 0;

  [[nodiscard]] std::string_view first(std::size_t count) const { return {upper.data(), count}; }
  /// Whether the first `count` characters are there and end a word.
  [[nodiscard]] bool ends_at(std::size_t count) const {
    return count <= size && count > 0 && ends_word[count - 1];
  }
};

/// Reads from `start` on: words of ASCII letters and digits with one space, dash or dot between.
[[nodiscard]] CompactCode compact_code(std::string_view text, std::size_t start);

/// 'A' stands for a letter, '9' for a digit, 'X' for either; lengths must agree.
[[nodiscard]] bool is_like(std::string_view code, std::string_view pattern);

/// Characters of an IBAN of this country (two upper-case letters), or 0.
/// Source: SWIFT's IBAN registry.
[[nodiscard]] std::size_t iban_length(char first, char second);

// All take upper case and the right length; see codes_valid.cpp for the rules.
[[nodiscard]] bool uk_nino_valid(std::string_view code);
[[nodiscard]] bool es_nif_valid(std::string_view code);  ///< also an NIE, which begins with X, Y, Z
[[nodiscard]] bool it_fiscal_code_valid(std::string_view code);
[[nodiscard]] bool de_social_security_valid(std::string_view code);
[[nodiscard]] bool fi_identity_valid(std::string_view code);  ///< with any of the century signs
[[nodiscard]] bool sg_nric_valid(std::string_view code);
[[nodiscard]] bool in_pan_valid(std::string_view code);
[[nodiscard]] bool mx_curp_valid(std::string_view code);
[[nodiscard]] bool dea_valid(std::string_view code);
[[nodiscard]] bool cn_id_valid(std::string_view code);  ///< 17 digits and X
[[nodiscard]] bool fr_corsican_valid(std::string_view code);

}  // namespace croft::privacy

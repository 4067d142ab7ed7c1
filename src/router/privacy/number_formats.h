#pragma once
/// The table of numbers that states, insurers and banks give out: how long, how written, which
/// check digits, and whether the form alone tells or a word nearby must.

#include <cstdint>
#include <span>
#include <string_view>

#include "router/privacy/check_digits.h"
#include "router/privacy/entity_type.h"

namespace croft::privacy {

struct NumberFormat {
  EntityType type;
  std::uint8_t digits;
  std::string_view alone;  ///< shapes (number_run.h) that need no word nearby
  float alone_score;
  std::string_view told;  ///< further shapes that do
  float told_score;       ///< of all shapes, with a word of `context` nearby
  std::uint64_t context;  ///< any of these subjects
  bool (*valid)(Digits);
};

/// The formats with this many digits.
[[nodiscard]] std::span<const NumberFormat> formats_of(std::size_t digits);

/// A payment card of a known issuer, with that issuer's length and the check digit.
[[nodiscard]] bool card_valid(Digits digits);
/// A payment card of some issuer: 12 to 19 digits with the check digit. One number in ten has it.
[[nodiscard]] bool card_possible(Digits digits);

}  // namespace croft::privacy

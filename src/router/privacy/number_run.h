#pragma once
/// Groups of digits with separators between, as people write numbers: "4111 1111 1111 1111",
/// "+41 (0)44 668 18 00", "123-45-6789".

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "router/privacy/check_digits.h"

namespace croft::privacy {

/// A run has at most this many groups; a longer one is read in overlapping parts.
inline constexpr std::size_t kGroupsMax = 64;
inline constexpr std::size_t kGroupsKept = 24;  ///< that two parts share: more than a number has
inline constexpr std::size_t kGroupDigitsMax = 24;

/// Its groups in order, the digits of all of them, and its shape: for each group its length (1 to
/// 9, then a to o), for each gap the separator; '*' where brackets are part of it, '~' for several
/// characters.
struct NumberRun {
  struct Group {
    std::size_t start;
    std::uint16_t digit;  ///< index of its first digit in `digits`
    std::uint8_t size;
  };
  std::array<Group, kGroupsMax> groups;
  std::size_t count = 0;
  std::array<std::uint8_t, kGroupsMax * kGroupDigitsMax> digits;
  std::array<char, 2 * kGroupsMax> shape;
  std::size_t end = 0;          ///< one past the last group
  bool ends_in_letter = false;  ///< a letter follows the last group at once

  [[nodiscard]] std::size_t group_end(std::size_t group) const {
    return groups[group].start + groups[group].size;
  }
  [[nodiscard]] std::size_t digits_count(std::size_t first, std::size_t last) const {
    return groups[last].digit + groups[last].size - std::size_t{groups[first].digit};
  }
  [[nodiscard]] Digits digits_of(std::size_t first, std::size_t last) const {
    return {digits.data() + groups[first].digit, digits_count(first, last)};
  }
  [[nodiscard]] std::string_view shape_of(std::size_t first, std::size_t last) const {
    return {shape.data() + 2 * first, 2 * (last - first) + 1};
  }
  /// The separator after a group; 0 after the last.
  [[nodiscard]] char gap_after(std::size_t group) const {
    return group + 1 < count ? shape[2 * group + 1] : '\0';
  }
  [[nodiscard]] char gap_before(std::size_t group) const {
    return group > 0 ? shape[2 * group - 1] : '\0';
  }
};

/// Reads the run that begins with the digit at `start`. A group that is longer than
/// kGroupDigitsMax ends the run before it (count may be 0). Returns where to read on: at or before
/// the run's end.
[[nodiscard]] std::size_t parse_run(std::string_view text, std::size_t start, NumberRun& run);

/// Whether `shape` is one of `alternatives`, which '|' separates; '?' there stands for a space, a
/// dash or a dot.
[[nodiscard]] bool has_shape(std::string_view shape, std::string_view alternatives);

}  // namespace croft::privacy

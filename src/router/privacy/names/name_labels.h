#pragma once
/// What the tagger says of a token: outside, or the first or a further token of an entity.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "router/privacy/entity_type.h"

namespace croft::privacy {

/// The types that the tagger knows, in the order of its labels.
inline constexpr std::array kNameTypes = {
    EntityType::Person,       EntityType::Location, EntityType::StreetAddress,
    EntityType::Organization, EntityType::Nrp,      EntityType::Title,
    EntityType::Age};

using NameLabel = std::uint8_t;
inline constexpr NameLabel kOutside = 0;
inline constexpr std::size_t name_labels_count = 1 + 2 * kNameTypes.size();
/// Labels beside each other in memory, of which the last ones stand for nothing.
inline constexpr std::size_t name_labels_padded = 16;
static_assert(name_labels_count <= name_labels_padded);

[[nodiscard]] constexpr NameLabel first_label(std::size_t type) {
  return static_cast<NameLabel>(1 + 2 * type);
}
[[nodiscard]] constexpr NameLabel further_label(std::size_t type) {
  return static_cast<NameLabel>(2 + 2 * type);
}
[[nodiscard]] constexpr bool is_further(NameLabel label) {
  return label != kOutside && label % 2 == 0;
}
/// Index into kNameTypes. Requires: not kOutside.
[[nodiscard]] constexpr std::size_t type_of(NameLabel label) {
  return static_cast<std::size_t>(label - 1) / 2;
}
/// Whether `label` may follow `before`: a further token needs its entity.
[[nodiscard]] constexpr bool may_follow(NameLabel before, NameLabel label) {
  return !is_further(label) || (before != kOutside && type_of(before) == type_of(label));
}

}  // namespace croft::privacy

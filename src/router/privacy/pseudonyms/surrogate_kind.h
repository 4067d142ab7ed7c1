#pragma once
/// How each type of finding is replaced.

#include <cstdint>
#include <string_view>

#include "router/privacy/entity_type.h"

namespace croft::privacy {

enum class SurrogateKind : std::uint8_t {
  Token,  ///< <TYPE_1>: types that nothing below fits
  Person,
  Place,
  Street,
  Organization,
  Email,
  Phone,
  Ip,
  Mac,
  Url,
  Domain,
  Card,
  Iban,
  UsSsn,
  UsItin,
  UkNino,
  UkNhs,
  Code,  ///< numbers of registers and accounts without a reserved range
  Crypto,
  Date,
  Secret,      ///< [TYPE]: never restored
  Identifier,  ///< a name that the dialect restricts: id_...
};

[[nodiscard]] constexpr bool is_name_kind(SurrogateKind kind) {
  using enum SurrogateKind;
  return kind == Person || kind == Place || kind == Organization || kind == Street;
}
/// Whether `text` is so long and odd that it is itself even in the midst of a word, as dialects
/// make it that join texts.
[[nodiscard]] constexpr bool is_recognised_anywhere(SurrogateKind kind, std::string_view text) {
  return !is_name_kind(kind) && text.size() >= 8;
}

/// By the type's name, so that a type that is new here becomes a token.
[[nodiscard]] SurrogateKind surrogate_kind(EntityType type);
[[nodiscard]] SurrogateKind surrogate_kind(std::string_view entity_name);

}  // namespace croft::privacy

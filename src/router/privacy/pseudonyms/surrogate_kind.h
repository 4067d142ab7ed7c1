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

/// By the type's name, so that a type that is new here becomes a token.
[[nodiscard]] SurrogateKind surrogate_kind(EntityType type);
[[nodiscard]] SurrogateKind surrogate_kind(std::string_view entity_name);

}  // namespace croft::privacy

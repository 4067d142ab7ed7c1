#include "router/privacy/pseudonyms/surrogate_kind.h"

#include <array>
#include <utility>

namespace croft::privacy {
namespace {

using enum SurrogateKind;

constexpr auto kKinds = std::to_array<std::pair<std::string_view, SurrogateKind>>({
    {"PERSON", Person},
    {"LOCATION", Place},
    {"GPE", Place},
    {"CITY", Place},
    {"STREET_ADDRESS", Street},
    {"ADDRESS", Street},
    {"ORGANIZATION", Organization},
    {"EMAIL_ADDRESS", Email},
    {"PHONE_NUMBER", Phone},
    {"IP_ADDRESS", Ip},
    {"MAC_ADDRESS", Mac},
    {"URL", Url},
    {"DOMAIN_NAME", Domain},
    {"DATE_TIME", Date},
    {"CREDIT_CARD", Card},
    {"IBAN_CODE", Iban},
    {"CRYPTO", Crypto},
    {"US_SSN", UsSsn},
    {"US_ITIN", UsItin},
    {"UK_NINO", UkNino},
    {"UK_NHS", UkNhs},
    {"ZIP_CODE", Code},
});

SurrogateKind kind_of(EntityType type) {
  if (is_secret(type)) return Secret;
  const SurrogateKind named = surrogate_kind(entity_name(type));
  if (named != Token) return named;
  const EntityClass kind = entity_class(type);
  return kind == EntityClass::Identity || kind == EntityClass::Financial ? Code : Token;
}

}  // namespace

SurrogateKind surrogate_kind(std::string_view entity_name) {
  for (const auto& [name, kind] : kKinds)
    if (name == entity_name) return kind;
  return Token;
}

SurrogateKind surrogate_kind(EntityType type) {
  static const auto table = [] {
    std::array<SurrogateKind, entity_types_count> kinds{};
    for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = kind_of(static_cast<EntityType>(i));
    return kinds;
  }();
  return table[static_cast<std::size_t>(type)];
}

}  // namespace croft::privacy

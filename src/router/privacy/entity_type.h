#pragma once
/// What can be found in a text: Presidio's entity names where it has one, ours elsewhere, and what
/// kind of harm each is.

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace croft::privacy {

/// New types go to the end of their block; entity_type.cpp has one row each, in this order.
enum class EntityType : std::uint8_t {
  // How people and machines are reached.
  EmailAddress,
  PhoneNumber,
  IpAddress,
  MacAddress,
  Url,
  DateTime,
  // Who, where and what for.
  Person,
  Location,
  StreetAddress,
  ZipCode,
  Organization,
  Nrp,  ///< nationality, religion, political group
  Title,
  Age,
  // Money.
  CreditCard,
  IbanCode,
  Crypto,
  UsBankNumber,
  AbaRoutingNumber,
  // Papers and registers, by country.
  Passport,
  UsSsn,
  UsItin,
  UsPassport,
  UsDriverLicense,
  UsNpi,
  MedicalLicense,
  CaSin,
  MxCurp,
  BrCpf,
  BrCnpj,
  UkNhs,
  UkNino,
  DeTaxId,
  DeSocialSecurity,
  AtSvnr,
  ChAhv,
  FrNir,
  BeNationalNumber,
  NlBsn,
  EsNif,
  EsNie,
  PtNif,
  ItFiscalCode,
  ItVatCode,
  PlPesel,
  CzBirthNumber,
  RoCnp,
  SePersonnummer,
  NoFodselsnummer,
  DkCpr,
  FiPersonalIdentityCode,
  TrNationalId,
  ZaId,
  InAadhaar,
  InPan,
  SgNricFin,
  ThTnin,
  CnResidentId,
  KrRrn,
  AuTfn,
  AuAbn,
  AuAcn,
  AuMedicare,
  // Never to be sent, and never to be restored.
  ApiKey,
  AccessToken,
  PrivateKey,
  Password,
  Secret,
};
/// Types of our own, before those that configurations name.
inline constexpr std::size_t known_types_count = static_cast<std::size_t>(EntityType::Secret) + 1;
inline constexpr std::size_t custom_types_max = 32;
/// One past the largest value of an EntityType.
inline constexpr std::size_t entity_types_count = known_types_count + custom_types_max;

enum class EntityClass : std::uint8_t {
  Contact,    ///< leads to a person or a machine
  Financial,  ///< an account
  Identity,   ///< a number that a state or an insurer gave to one person or firm
  Public,     ///< an address of the web: says little by itself
  Date,       ///< of birth or of anything else
  Person,     ///< somebody's name
  Place,      ///< a city, country or firm, a nationality, an age: narrows down who it is
  Secret,     ///< opens a door: never sent, never restored
  Custom,     ///< what the configuration names
};

using EntitySet = std::bitset<entity_types_count>;

[[nodiscard]] std::string_view entity_name(EntityType type);  ///< "CREDIT_CARD"
[[nodiscard]] EntityClass entity_class(EntityType type);
/// The types that only the tagger of names finds, or it as well.
[[nodiscard]] EntitySet tagged_entities();
/// Exact names, as Presidio writes them, and those that a configuration named.
[[nodiscard]] std::optional<EntityType> find_entity_type(std::string_view name);
[[nodiscard]] std::vector<std::string> entity_names();

/// The type of this name: a known one, or one of custom_types_max others, which stay for the life
/// of the process, so that findings and counts of any thread can name them. Safe from any thread.
/// Errors: InvalidArgument (a name is 2 to 40 of A-Z, 0-9 and _, the first a letter; or there are
/// too many).
Result<EntityType> entity_type_named(std::string_view name);

[[nodiscard]] inline bool is_secret(EntityType type) {
  return entity_class(type) == EntityClass::Secret;
}
[[nodiscard]] inline bool contains(const EntitySet& set, EntityType type) {
  return set.test(static_cast<std::size_t>(type));
}

[[nodiscard]] EntitySet all_entities();
[[nodiscard]] EntitySet secret_entities();
/// What keeps a request from leaving unless a policy says otherwise: all but web addresses, dates,
/// places and firms, which ordinary questions are full of. Custom ones are among them.
[[nodiscard]] EntitySet gated_entities();

}  // namespace croft::privacy

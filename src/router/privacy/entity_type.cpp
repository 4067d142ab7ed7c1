#include "router/privacy/entity_type.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "io/quote_foreign.h"

namespace croft::privacy {
namespace {

struct Row {
  EntityType type;
  std::string_view name;
  EntityClass kind;
};

using enum EntityType;

constexpr std::array<Row, known_types_count> kRows = {{
    {EmailAddress, "EMAIL_ADDRESS", EntityClass::Contact},
    {PhoneNumber, "PHONE_NUMBER", EntityClass::Contact},
    {IpAddress, "IP_ADDRESS", EntityClass::Contact},
    {MacAddress, "MAC_ADDRESS", EntityClass::Contact},
    {Url, "URL", EntityClass::Public},
    {DateTime, "DATE_TIME", EntityClass::Date},
    {Person, "PERSON", EntityClass::Person},
    {Location, "LOCATION", EntityClass::Place},
    {StreetAddress, "STREET_ADDRESS", EntityClass::Contact},
    {ZipCode, "ZIP_CODE", EntityClass::Place},
    {Organization, "ORGANIZATION", EntityClass::Place},
    {Nrp, "NRP", EntityClass::Place},
    {Title, "TITLE", EntityClass::Place},
    {Age, "AGE", EntityClass::Place},
    {CreditCard, "CREDIT_CARD", EntityClass::Financial},
    {IbanCode, "IBAN_CODE", EntityClass::Financial},
    {Crypto, "CRYPTO", EntityClass::Financial},
    {UsBankNumber, "US_BANK_NUMBER", EntityClass::Financial},
    {AbaRoutingNumber, "ABA_ROUTING_NUMBER", EntityClass::Financial},
    {Passport, "PASSPORT", EntityClass::Identity},
    {UsSsn, "US_SSN", EntityClass::Identity},
    {UsItin, "US_ITIN", EntityClass::Identity},
    {UsPassport, "US_PASSPORT", EntityClass::Identity},
    {UsDriverLicense, "US_DRIVER_LICENSE", EntityClass::Identity},
    {UsNpi, "US_NPI", EntityClass::Identity},
    {MedicalLicense, "MEDICAL_LICENSE", EntityClass::Identity},
    {CaSin, "CA_SIN", EntityClass::Identity},
    {MxCurp, "MX_CURP", EntityClass::Identity},
    {BrCpf, "BR_CPF", EntityClass::Identity},
    {BrCnpj, "BR_CNPJ", EntityClass::Identity},
    {UkNhs, "UK_NHS", EntityClass::Identity},
    {UkNino, "UK_NINO", EntityClass::Identity},
    {DeTaxId, "DE_TAX_ID", EntityClass::Identity},
    {DeSocialSecurity, "DE_SOCIAL_SECURITY", EntityClass::Identity},
    {AtSvnr, "AT_SVNR", EntityClass::Identity},
    {ChAhv, "CH_AHV", EntityClass::Identity},
    {FrNir, "FR_NIR", EntityClass::Identity},
    {BeNationalNumber, "BE_NATIONAL_NUMBER", EntityClass::Identity},
    {NlBsn, "NL_BSN", EntityClass::Identity},
    {EsNif, "ES_NIF", EntityClass::Identity},
    {EsNie, "ES_NIE", EntityClass::Identity},
    {PtNif, "PT_NIF", EntityClass::Identity},
    {ItFiscalCode, "IT_FISCAL_CODE", EntityClass::Identity},
    {ItVatCode, "IT_VAT_CODE", EntityClass::Identity},
    {PlPesel, "PL_PESEL", EntityClass::Identity},
    {CzBirthNumber, "CZ_BIRTH_NUMBER", EntityClass::Identity},
    {RoCnp, "RO_CNP", EntityClass::Identity},
    {SePersonnummer, "SE_PERSONNUMMER", EntityClass::Identity},
    {NoFodselsnummer, "NO_FODSELSNUMMER", EntityClass::Identity},
    {DkCpr, "DK_CPR", EntityClass::Identity},
    {FiPersonalIdentityCode, "FI_PERSONAL_IDENTITY_CODE", EntityClass::Identity},
    {TrNationalId, "TR_NATIONAL_ID", EntityClass::Identity},
    {ZaId, "ZA_ID", EntityClass::Identity},
    {InAadhaar, "IN_AADHAAR", EntityClass::Identity},
    {InPan, "IN_PAN", EntityClass::Identity},
    {SgNricFin, "SG_NRIC_FIN", EntityClass::Identity},
    {ThTnin, "TH_TNIN", EntityClass::Identity},
    {CnResidentId, "CN_RESIDENT_ID", EntityClass::Identity},
    {KrRrn, "KR_RRN", EntityClass::Identity},
    {AuTfn, "AU_TFN", EntityClass::Identity},
    {AuAbn, "AU_ABN", EntityClass::Identity},
    {AuAcn, "AU_ACN", EntityClass::Identity},
    {AuMedicare, "AU_MEDICARE", EntityClass::Identity},
    {ApiKey, "API_KEY", EntityClass::Secret},
    {AccessToken, "ACCESS_TOKEN", EntityClass::Secret},
    {PrivateKey, "PRIVATE_KEY", EntityClass::Secret},
    {Password, "PASSWORD", EntityClass::Secret},
    {Secret, "SECRET", EntityClass::Secret},
}};

consteval bool rows_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].type) != i) return false;
  return true;
}
static_assert(rows_in_order());

/// Names are added, never changed or taken away: what is below `count` may be read without a lock.
struct CustomNames {
  std::mutex adding;
  std::array<std::string, custom_types_max> names;
  std::atomic<std::size_t> count = 0;
};
CustomNames& custom_names() {
  static CustomNames names;
  return names;
}

bool is_custom(EntityType type) {
  return static_cast<std::size_t>(type) >= known_types_count;
}
const Row& row(EntityType type) {
  return kRows[static_cast<std::size_t>(type)];
}

std::optional<EntityType> find_custom(std::string_view name) {
  const CustomNames& custom = custom_names();
  const std::size_t count = custom.count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i)
    if (custom.names[i] == name) return static_cast<EntityType>(known_types_count + i);
  return std::nullopt;
}

bool is_type_name(std::string_view name) {
  constexpr std::size_t kBytesMin = 2;
  constexpr std::size_t kBytesMax = 40;
  return name.size() >= kBytesMin && name.size() <= kBytesMax && name[0] >= 'A' && name[0] <= 'Z' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

}  // namespace

std::string_view entity_name(EntityType type) {
  if (is_custom(type)) {
    const std::size_t index = static_cast<std::size_t>(type) - known_types_count;
    const CustomNames& custom = custom_names();
    const bool is_there = index < custom.count.load(std::memory_order_acquire);
    return is_there ? std::string_view(custom.names[index]) : std::string_view("CUSTOM");
  }
  return row(type).name;
}
EntityClass entity_class(EntityType type) {
  return is_custom(type) ? EntityClass::Custom : row(type).kind;
}

std::optional<EntityType> find_entity_type(std::string_view name) {
  for (const Row& each : kRows)
    if (each.name == name) return each.type;
  return find_custom(name);
}

Result<EntityType> entity_type_named(std::string_view name) {
  if (const auto known = find_entity_type(name)) return *known;
  if (!is_type_name(name))
    return fail(ErrorCode::InvalidArgument, quote_foreign(name) + " is no name of a type",
                "Take 2 to 40 capital letters, digits and _, the first a letter: STAFF_ID");
  CustomNames& custom = custom_names();
  const std::scoped_lock lock(custom.adding);
  if (const auto added = find_custom(name)) return *added;  // by another thread, just now
  const std::size_t index = custom.count.load(std::memory_order_relaxed);
  if (index == custom_types_max)
    return fail(ErrorCode::InvalidArgument,
                "there are more than " + std::to_string(custom_types_max) + " types of one's own",
                "Let several patterns share a name; a restart forgets names of earlier files");
  custom.names[index] = name;
  custom.count.store(index + 1, std::memory_order_release);
  return static_cast<EntityType>(known_types_count + index);
}

std::vector<std::string> entity_names() {
  std::vector<std::string> names;
  for (const Row& each : kRows) names.emplace_back(each.name);
  const CustomNames& custom = custom_names();
  const std::size_t count = custom.count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) names.push_back(custom.names[i]);
  return names;
}

EntitySet all_entities() {
  return EntitySet{}.set();
}

EntitySet secret_entities() {
  EntitySet set;
  for (const Row& each : kRows) set.set(static_cast<std::size_t>(each.type), is_secret(each.type));
  return set;
}

EntitySet tagged_entities() {
  EntitySet set;
  for (const EntityType type :
       {Person, Location, StreetAddress, ZipCode, Organization, Nrp, Title, Age})
    set.set(static_cast<std::size_t>(type));
  return set;
}

EntitySet gated_entities() {
  EntitySet set;
  for (const Row& each : kRows)
    set.set(static_cast<std::size_t>(each.type), each.kind != EntityClass::Public &&
                                                     each.kind != EntityClass::Date &&
                                                     each.kind != EntityClass::Place);
  for (std::size_t i = known_types_count; i < entity_types_count; ++i) set.set(i);
  return set;
}

}  // namespace croft::privacy

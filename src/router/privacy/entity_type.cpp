#include "router/privacy/entity_type.h"

#include <array>

namespace croft::privacy {
namespace {

struct Row {
  EntityType type;
  std::string_view name;
  EntityClass kind;
};

using enum EntityType;

constexpr std::array<Row, entity_types_count> kRows = {{
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

const Row& row(EntityType type) {
  return kRows[static_cast<std::size_t>(type)];
}

}  // namespace

std::string_view entity_name(EntityType type) {
  return row(type).name;
}
EntityClass entity_class(EntityType type) {
  return row(type).kind;
}

std::optional<EntityType> find_entity_type(std::string_view name) {
  for (const Row& each : kRows)
    if (each.name == name) return each.type;
  return std::nullopt;
}

std::vector<std::string> entity_names() {
  std::vector<std::string> names;
  for (const Row& each : kRows) names.emplace_back(each.name);
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

EntitySet gated_entities() {
  EntitySet set;
  for (const Row& each : kRows)
    set.set(static_cast<std::size_t>(each.type),
            each.kind != EntityClass::Public && each.kind != EntityClass::Date &&
                each.kind != EntityClass::Place);
  return set;
}

}  // namespace croft::privacy

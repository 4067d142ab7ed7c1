#include "router/privacy/context.h"

#include <algorithm>
#include <array>

#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

struct Entry {
  std::string_view word;  ///< lower case
  std::uint64_t context;
};

constexpr Entry kWords[] = {
    {"card", kCard},
    {"cards", kCard},
    {"credit", kCard},
    {"debit", kCard},
    {"visa", kCard},
    {"mastercard", kCard},
    {"maestro", kCard},
    {"amex", kCard},
    {"discover", kCard},
    {"cc", kCard},
    {"creditcard", kCard},
    {"pan", kCard | kIndia | kTax},
    {"kreditkarte", kCard},
    {"karte", kCard},
    {"kartennummer", kCard},
    {"carte", kCard},
    {"tarjeta", kCard},
    {"carta", kCard},
    {"cartão", kCard},
    {"karta", kCard},
    {"kaart", kCard},
    {"account", kBankAccount},
    {"acct", kBankAccount},
    {"bank", kBankAccount},
    {"konto", kBankAccount},
    {"kontonummer", kBankAccount},
    {"savings", kBankAccount},
    {"checking", kBankAccount},
    {"wire", kBankAccount | kRouting},
    {"aba", kRouting},
    {"routing", kRouting},
    {"rtn", kRouting},
    {"transit", kRouting},
    {"ssn", kSsn},
    {"ssns", kSsn},
    {"social", kSocial},
    {"security", kSecurity},
    {"sécurité", kSecurity},
    {"sociale", kSocial},
    {"itin", kItin | kTax},
    {"tax", kTax},
    {"taxpayer", kTax | kItin},
    {"tin", kTax | kItin},
    {"steuer", kTax | kGermany},
    {"steuerid", kTax | kGermany},
    {"steuernummer", kTax | kGermany},
    {"identifikationsnummer", kTax | kGermany},
    {"idnr", kTax | kGermany},
    {"steueridentifikationsnummer", kTax | kGermany},
    {"rentenversicherung", kGermany},
    {"sozialversicherungsnummer", kGermany | kAustria},
    {"svnr", kGermany | kAustria},
    {"versicherungsnummer", kGermany | kAustria},
    {"svnummer", kAustria},
    {"passport", kPassport},
    {"reisepass", kPassport},
    {"passeport", kPassport},
    {"pasaporte", kPassport},
    {"passaporto", kPassport},
    {"passaporte", kPassport},
    {"paszport", kPassport},
    {"paspoort", kPassport},
    {"driver", kDriver},
    {"drivers", kDriver},
    {"driving", kDriver},
    {"license", kLicence},
    {"licence", kLicence},
    {"licenses", kLicence},
    {"dl", kDriver | kLicence},
    {"nhs", kHealth | kUk},
    {"health", kHealth},
    {"patient", kHealth},
    {"medicare", kHealth | kAustralia},
    {"npi", kNpi},
    {"provider", kNpi},
    {"dea", kMedical},
    {"prescriber", kMedical},
    {"medical", kMedical | kHealth},
    {"nino", kUk},
    {"insurance", kInsurance},
    {"phone", kPhone},
    {"phones", kPhone},
    {"telephone", kPhone},
    {"tel", kPhone},
    {"mobile", kPhone},
    {"cell", kPhone},
    {"cellphone", kPhone},
    {"call", kPhone},
    {"calling", kPhone},
    {"called", kPhone},
    {"dial", kPhone},
    {"fax", kPhone},
    {"sms", kPhone},
    {"whatsapp", kPhone},
    {"hotline", kPhone},
    {"desk", kPhone},
    {"office", kPhone},
    {"ext", kPhone},
    {"ring", kPhone},
    {"telefon", kPhone},
    {"telefonnummer", kPhone},
    {"handy", kPhone},
    {"handynummer", kPhone},
    {"mobil", kPhone},
    {"rufnummer", kPhone},
    {"anrufen", kPhone},
    {"téléphone", kPhone},
    {"telephoner", kPhone},
    {"teléfono", kPhone},
    {"telefono", kPhone},
    {"móvil", kPhone},
    {"movil", kPhone},
    {"cellulare", kPhone},
    {"celular", kPhone},
    {"telefone", kPhone},
    {"telefoon", kPhone},
    {"mobiel", kPhone},
    {"komórka", kPhone},
    {"numer", kMessage},
    {"answering", kMessage},
    {"messages", kMessage},
    {"message", kMessage},
    {"texts", kMessage},
    {"reach", kMessage},
    {"contact", kMessage},
    {"voicemail", kPhone},
    {"pager", kPhone},
    {"zip", kPostcode},
    {"zipcode", kPostcode},
    {"postcode", kPostcode},
    {"postcodes", kPostcode},
    {"postal", kPostcode},
    {"plz", kPostcode},
    {"postleitzahl", kPostcode},
    {"cap", kPostcode},
    {"voter", kVoter},
    {"epic", kVoter},
    {"vehicle", kVehicle},
    {"registration", kVehicle},
    {"plate", kVehicle},
    {"patente", kDriver | kLicence},
    {"führerschein", kDriver | kLicence},
    {"führerscheinnummer", kDriver | kLicence},
    {"rijbewijs", kDriver | kLicence},
    {"gstin", kIndia | kTax | kCompany},
    {"gst", kIndia | kTax | kCompany},
    {"uen", kCompany},
    {"mbi", kHealth},
    {"beneficiary", kHealth},
    {"identità", kIdentity},
    {"born", kBirth},
    {"birth", kBirth},
    {"birthday", kBirth},
    {"birthdate", kBirth},
    {"dob", kBirth},
    {"geboren", kBirth},
    {"geburtsdatum", kBirth},
    {"geb", kBirth},
    {"geburtstag", kBirth},
    {"né", kBirth},
    {"née", kBirth},
    {"naissance", kBirth},
    {"nacido", kBirth},
    {"nacida", kBirth},
    {"nacimiento", kBirth},
    {"nato", kBirth},
    {"nata", kBirth},
    {"nascita", kBirth},
    {"nascimento", kBirth},
    {"urodzenia", kBirth},
    {"geboortedatum", kBirth},
    {"född", kBirth},
    {"password", kCredential},
    {"passwords", kCredential},
    {"passwd", kCredential},
    {"pwd", kCredential},
    {"passphrase", kCredential},
    {"passcode", kCredential},
    {"passwort", kCredential},
    {"kennwort", kCredential},
    {"contraseña", kCredential},
    {"senha", kCredential},
    {"wachtwoord", kCredential},
    {"hasło", kCredential},
    {"secret", kCredential},
    {"secrets", kCredential},
    {"token", kCredential},
    {"tokens", kCredential},
    {"apikey", kCredential},
    {"key", kCredential},
    {"keys", kCredential},
    {"credential", kCredential},
    {"credentials", kCredential},
    {"bearer", kCredential},
    {"auth", kCredential},
    {"authorization", kCredential},
    {"accountkey", kCredential},
    {"sharedaccesskey", kCredential},
    {"secretkey", kCredential},
    {"accesskey", kCredential},
    {"clientsecret", kCredential},
    {"identity", kIdentity},
    {"identification", kIdentity},
    {"national", kIdentity},
    {"citizen", kIdentity},
    {"dni", kIdentity},
    {"nif", kIdentity | kPortugal | kTax},
    {"contribuinte", kPortugal},
    {"nie", kIdentity},
    {"nir", kFrance},
    {"insee", kFrance},
    {"pesel", kPoland},
    {"bsn", kDutch},
    {"sofinummer", kDutch},
    {"burgerservicenummer", kDutch},
    {"rijksregisternummer", kBelgium},
    {"rijksregister", kBelgium},
    {"niss", kBelgium},
    {"insz", kBelgium},
    {"cpf", kBrazil},
    {"cnpj", kBrazil | kCompany},
    {"sin", kCanada},
    {"aadhaar", kIndia},
    {"aadhar", kIndia},
    {"uidai", kIndia},
    {"uid", kIndia},
    {"tfn", kAustralia | kTax},
    {"abn", kAustralia | kCompany},
    {"acn", kAustralia | kCompany},
    {"file", 0},
    {"personnummer", kNordic},
    {"fødselsnummer", kNordic},
    {"fodselsnummer", kNordic},
    {"cpr", kNordic},
    {"hetu", kNordic},
    {"henkilötunnus", kNordic},
    {"iva", kItaly | kCompany},
    {"partita", kItaly | kCompany},
    {"fiscale", kItaly | kTax},
    {"kimlik", kTurkey},
    {"tckn", kTurkey},
    {"rsa", kSouthAfrica},
    {"cnp", kRomania},
    {"rodné", kCzech},
    {"rodne", kCzech},
    {"rrn", kKorea},
    {"jumin", kKorea},
    {"ahv", kIdentity},
    {"avs", kIdentity},
    {"africa", kSouthAfrica},
    {"african", kSouthAfrica},
    {"thai", kThai},
    {"thailand", kThai},
    {"version", kVersion},
    {"release", kVersion},
    {"v", kVersion},
    {"build", kVersion},
    {"id", kIdentity},
    {"personal", kIdentity},
};

constexpr std::size_t kSlots = 1024;
constexpr std::size_t kLongest = 28;
static_assert(std::size(kWords) * 3 < kSlots, "keep chains short");

constexpr std::uint32_t hash_step(std::uint32_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * 16777619u;
}
constexpr std::uint32_t kHashStart = 2166136261u;
constexpr std::size_t slot_of(std::uint32_t hash) {
  return (hash ^ (hash >> 15)) % kSlots;
}

/// Index into kWords plus one, 0: free; the next slot follows a taken one.
consteval std::array<std::uint16_t, kSlots> make_slots() {
  std::array<std::uint16_t, kSlots> slots{};
  for (std::size_t i = 0; i < std::size(kWords); ++i) {
    if (kWords[i].word.size() > kLongest) throw "kLongest is too small";
    std::uint32_t hash = kHashStart;
    for (const char c : kWords[i].word) hash = hash_step(hash, c);
    std::size_t slot = slot_of(hash);
    while (slots[slot] != 0) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<std::uint16_t>(i + 1);
  }
  return slots;
}
constexpr std::array<std::uint16_t, kSlots> kSlotTable = make_slots();

/// Subjects that take two words to say.
std::uint64_t with_pairs(std::uint64_t seen) {
  const auto both = [&](std::uint64_t wanted) { return (seen & wanted) == wanted; };
  if (both(kSocial | kSecurity)) seen |= kSsn | kFrance;
  if (both(kInsurance | kIdentity)) seen |= kUk;
  if (both(kSocial | kInsurance)) seen |= kCanada | kAustria;
  if (both(kDriver | kLicence)) return seen;
  return seen & ~static_cast<std::uint64_t>(kDriver | kLicence);
}

}  // namespace

std::uint64_t context_of(std::string_view word) {
  if (word.empty() || word.size() > kLongest) return 0;
  std::uint32_t hash = kHashStart;
  std::array<char, kLongest> lowered;
  for (std::size_t i = 0; i < word.size(); ++i) {
    lowered[i] = lower(word[i]);
    hash = hash_step(hash, lowered[i]);
  }
  const std::string_view wanted(lowered.data(), word.size());
  for (std::size_t slot = slot_of(hash); kSlotTable[slot] != 0; slot = (slot + 1) % kSlots)
    if (kWords[kSlotTable[slot] - 1].word == wanted) return kWords[kSlotTable[slot] - 1].context;
  return 0;
}

std::uint64_t context_near(std::string_view text, std::size_t start, std::size_t end,
                           ContextReach reach) {
  std::size_t from = start - std::min(start, reach.before);
  while (from > 0 && from < start && is(text[from - 1], kWord)) ++from;
  std::size_t to = end + std::min(text.size() - end, reach.after);
  while (to < text.size() && to > end && is(text[to], kWord)) --to;
  std::uint64_t seen = 0;
  const auto scan = [&](std::size_t at, std::size_t stop) {
    while (at < stop) {
      while (at < stop && !is(text[at], kLetter)) ++at;
      const std::size_t begin = at;
      while (at < stop && is(text[at], kLetter)) ++at;
      seen |= context_of(text.substr(begin, at - begin));
    }
  };
  scan(from, start);
  scan(end, to);
  return with_pairs(seen);
}

}  // namespace croft::privacy

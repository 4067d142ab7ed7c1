#pragma once
/// Words near a number that say what it is: "IBAN", "Steuer-ID", "fecha de nacimiento".

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace croft::privacy {

/// One bit a subject; a word may belong to several.
enum Context : std::uint64_t {
  kCard = 1ull << 0,
  kBankAccount = 1ull << 1,
  kRouting = 1ull << 2,
  kSsn = 1ull << 3,
  kItin = 1ull << 4,
  kTax = 1ull << 5,
  kPassport = 1ull << 6,
  kDriver = 1ull << 7,
  kLicence = 1ull << 8,
  kHealth = 1ull << 9,
  kPhone = 1ull << 10,
  kBirth = 1ull << 11,
  kCredential = 1ull << 12,
  kSocial = 1ull << 13,
  kSecurity = 1ull << 14,
  kInsurance = 1ull << 15,
  kIdentity = 1ull << 16,  ///< "national id", "personal number", "DNI": some register of people
  kCompany = 1ull << 17,   ///< "ABN", "partita IVA", "CNPJ"
  kVersion = 1ull << 18,   ///< "version 1.2.3.4"
  kNpi = 1ull << 19,
  kAustralia = 1ull << 20,
  kCanada = 1ull << 21,
  kBrazil = 1ull << 22,
  kDutch = 1ull << 23,
  kIndia = 1ull << 24,
  kPortugal = 1ull << 25,
  kAustria = 1ull << 26,
  kNordic = 1ull << 27,
  kItaly = 1ull << 28,
  kTurkey = 1ull << 29,
  kSouthAfrica = 1ull << 30,
  kThai = 1ull << 31,
  kKorea = 1ull << 32,
  kGermany = 1ull << 33,
  kFrance = 1ull << 34,
  kPoland = 1ull << 35,
  kBelgium = 1ull << 36,
  kRomania = 1ull << 37,
  kCzech = 1ull << 38,
  kUk = 1ull << 39,
  kMedical = 1ull << 40,   ///< a prescriber's licence
  kPostcode = 1ull << 42,  ///< "ZIP", "PLZ", "code postal"
  kVoter = 1ull << 43,     ///< "voter id", "EPIC"
  kVehicle = 1ull << 44,   ///< "vehicle", "registration", "plate"
  kMessage = 1ull << 41,   ///< "texts to", "answering at": a phone, if it looks like one
};

/// How far to look, in bytes; words that are cut at the border do not count.
struct ContextReach {
  std::size_t before = 80;
  std::size_t after = 32;
};

/// The subjects named around [start, end). Case does not matter. Cost: the reach, no more.
[[nodiscard]] std::uint64_t context_near(std::string_view text, std::size_t start, std::size_t end,
                                         ContextReach reach = {});
/// The subjects of one word.
[[nodiscard]] std::uint64_t context_of(std::string_view word);

}  // namespace croft::privacy

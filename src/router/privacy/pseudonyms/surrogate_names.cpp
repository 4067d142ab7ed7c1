#include "router/privacy/pseudonyms/surrogate_names.h"

#include <algorithm>
#include <array>

#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

constexpr auto kGiven = std::to_array<std::string_view>(
    {"Arlie",   "Auden",   "Brogan",  "Corin",   "Dallin", "Devan",     "Ellery",  "Emlyn",
     "Finley",  "Greer",   "Jessamy", "Jody",    "Kacey",  "Keelan",    "Kendall", "Kerry",
     "Lennon",  "Lowry",   "Marlow",  "Merle",   "Merrin", "Nevin",     "Orrin",   "Padget",
     "Perrin",  "Quillan", "Ramsey",  "Reagan",  "Remy",   "Rory",      "Sasha",   "Shelby",
     "Sidney",  "Tatum",   "Teagan",  "Torin",   "Valery", "Whitley",   "Wynne",   "Yael",
     "Zephyr",  "Ainsley", "Blair",   "Cameron", "Darcy",  "Emery",     "Frankie", "Germaine",
     "Hadley",  "Ira",     "Jocelyn", "Kiran",   "Laurie", "Mackenzie", "Noor",    "Odell",
     "Presley", "Robyn",   "Skyler",  "Toby",    "Vivian", "Winslow",   "Yuri",    "Addison"});

constexpr auto kBeginnings = std::to_array<std::string_view>(
    {"Ald",  "Bran", "Cald", "Dray", "Elst",  "Farn", "Garr", "Holl",  "Ingel", "Kest",
     "Lorn", "Marl", "Nord", "Orm",  "Pell",  "Quen", "Rast", "Sarr",  "Tarr",  "Ulver",
     "Varn", "Wend", "Yarr", "Zell", "Brock", "Cran", "Dun",  "Esk",   "Fenn",  "Grend",
     "Harl", "Jarr", "Kirk", "Lang", "Mers",  "Nett", "Ost",  "Prend", "Rusk",  "Stav"});
constexpr auto kFamilyEnds = std::to_array<std::string_view>(
    {"wick", "mann", "feld", "ham",   "ert",   "low",  "ley", "dale", "horn", "inger", "aric",
     "ovan", "etti", "ondo", "ander", "quist", "holm", "ard", "mere", "wood", "gard",  "iell"});
constexpr auto kPlaceEnds = std::to_array<std::string_view>(
    {"bridge", "stead", "mouth", "bury", "haven", "worth", "ville", "port", "kirch", "stadt",
     "dorf", "brook", "combe", "minster"});
constexpr auto kTrades = std::to_array<std::string_view>(
    {"Group", "Trading", "Holding", "Union", "Supply", "Consulting", "Media", "Craft"});
constexpr auto kLegalForms = std::to_array<std::string_view>({"GmbH & Co. KG",
                                                              "GmbH",
                                                              "gGmbH",
                                                              "AG",
                                                              "KG",
                                                              "OHG",
                                                              "e.V.",
                                                              "SE",
                                                              "Inc.",
                                                              "Inc",
                                                              "LLC",
                                                              "Ltd.",
                                                              "Ltd",
                                                              "Limited",
                                                              "Corp.",
                                                              "Corp",
                                                              "plc",
                                                              "PLC",
                                                              "LLP",
                                                              "S.A.",
                                                              "SA",
                                                              "SARL",
                                                              "SAS",
                                                              "S.p.A.",
                                                              "SpA",
                                                              "S.r.l.",
                                                              "Srl",
                                                              "B.V.",
                                                              "BV",
                                                              "N.V.",
                                                              "NV",
                                                              "AB",
                                                              "AS",
                                                              "A/S",
                                                              "Oy",
                                                              "Pty Ltd",
                                                              "KK"});
constexpr auto kTitles = std::to_array<std::string_view>(
    {"dr",          "mr",   "mrs",    "ms",       "miss",      "mx",     "prof",    "professor",
     "sir",         "dame", "lord",   "lady",     "rev",       "hon",    "capt",    "sgt",
     "lt",          "col",  "gen",    "herr",     "frau",      "hr",     "fr",      "dipl",
     "ing",         "mag",  "madame", "monsieur", "mme",       "mlle",   "m",       "se\u00F1or",
     "se\u00F1ora", "sr",   "sra",    "don",      "do\u00F1a", "signor", "signora", "sig",
     "dott",        "dhr",  "mevr",   "jr",       "ii",        "iii",    "iv",      "phd",
     "md",          "esq"});
constexpr auto kParticles = std::to_array<std::string_view>(
    {"von", "van", "de",  "der", "den", "del", "della", "di", "da", "dos",
     "du",  "la",  "le",  "zu",  "zum", "zur", "of",    "y",  "e",  "und",
     "and", "bin", "ibn", "al",  "el",  "ter", "ten",   "st"});
constexpr auto kCommonWords = std::to_array<std::string_view>(
    {"will",   "mark",  "may",       "june",     "april",    "august",   "grace",  "hope",
     "faith",  "joy",   "rose",      "bill",     "art",      "max",      "frank",  "rich",
     "dean",   "grant", "chase",     "jack",     "sue",      "pat",      "rob",    "drew",
     "miles",  "lily",  "daisy",     "ivy",      "iris",     "ruby",     "pearl",  "amber",
     "dawn",   "eve",   "christian", "penny",    "melody",   "victor",   "guy",    "gene",
     "ray",    "jean",  "mai",       "paris",    "london",   "florence", "israel", "jordan",
     "chad",   "asia",  "georgia",   "virginia", "carolina", "bob",      "buck",   "cliff",
     "dale",   "dick",  "dolly",     "earl",     "ernst",    "gay",      "hunter", "king",
     "mercy",  "mason", "nick",      "norm",     "pierce",   "porter",   "reed",   "rusty",
     "sandy",  "skip",  "star",      "summer",   "autumn",   "sunny",    "tony",   "wade",
     "woody",  "young", "long",      "green",    "brown",    "black",    "white",  "gold",
     "klein",  "gross", "lang",      "kurz",     "jung",     "alt",      "neu",    "koch",
     "richter"});

template <typename List>
bool is_listed(const List& list, std::string_view word) {
  return std::ranges::any_of(list, [&](std::string_view each) { return is_word(word, each); });
}

std::string joined(std::string_view a, std::string_view b) {
  return std::string(a) + std::string(b);
}

}  // namespace

std::string given_name(Draw& draw, bool rare) {
  constexpr auto kEnds = std::to_array<std::string_view>({"in", "an", "ie", "iel", "ara", "ey"});
  if (!rare) return std::string(draw.of(kGiven));
  const std::string_view beginning = draw.of(kBeginnings);
  return joined(beginning, draw.of(kEnds));
}

std::string family_name(Draw& draw) {
  const std::string_view beginning = draw.of(kBeginnings);
  return joined(beginning, draw.of(kFamilyEnds));
}

std::string place_name(Draw& draw) {
  const std::string_view beginning = draw.of(kBeginnings);
  return joined(beginning, draw.of(kPlaceEnds));
}

std::string organization_name(std::string_view value, Draw& draw) {
  std::string out = family_name(draw) + " " + std::string(draw.of(kTrades));
  for (const std::string_view form : kLegalForms)
    if (value.ends_with(form) && value.size() > form.size() &&
        !is(value[value.size() - form.size() - 1], kWord))
      return out + " " + std::string(form);
  return out;
}

std::string street_address(std::string_view value, Draw& draw) {
  std::size_t digits = 0;
  for (const char c : value) {
    if (!is(c, kDigit)) {
      if (digits != 0) break;
      continue;
    }
    if (++digits == 4) break;
  }
  std::string number;
  for (std::size_t i = 0; i < digits; ++i)
    number += i == 0 ? static_cast<char>('1' + draw.below(9)) : draw.digit();
  const std::string name = family_name(draw);
  if (!number.empty() && is(value.front(), kDigit)) return number + " " + name + " Lane";
  return name + "weg" + (number.empty() ? "" : " ") + number;
}

bool is_title(std::string_view word) {
  return is_listed(kTitles, word);
}
bool is_name_particle(std::string_view word) {
  return is_listed(kParticles, word);
}
bool is_common_word(std::string_view word) {
  return is_listed(kCommonWords, word);
}

}  // namespace croft::privacy

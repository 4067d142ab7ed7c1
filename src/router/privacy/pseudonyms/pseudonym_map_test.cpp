// Goal: surrogates are of the kind and form of their values, the same throughout a conversation,
// different elsewhere, and never a real value, another surrogate or in the text. Method: values of
// every kind under many keys; the same ones in another order, tenant and spelling.
#include "router/privacy/pseudonyms/pseudonym_map.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "router/privacy/pseudonyms/text_restorer.h"

namespace croft::privacy {
namespace {

Key key_of(std::string_view tenant, std::string_view words = "hello") {
  ConversationName name;
  name.tenant = tenant;
  name.first_words = words;
  return conversation_key(name);
}

std::string surrogate(const Key& key, SurrogateKind kind, std::string_view value) {
  PseudonymMap map(key);
  map.avoid(value);
  map.note(kind, "X", value);
  EXPECT_TRUE(map.assign());
  const std::string out = *map.find("X", value);
  EXPECT_EQ(restored(*map.restorations(), "(" + out + ")"), "(" + std::string(value) + ")") << out;
  return out;
}

TEST(PseudonymMap, SurrogatesHaveTheFormOfTheirValues) {
  using enum SurrogateKind;
  struct Row {
    SurrogateKind kind;
    const char* value;
    const char* form;
  };
  for (const Row& row : {
           Row{Person, "Anna Schmidt", "[A-Z][a-z]+ [A-Z][a-z]+"},
           Row{Person, "ANNA SCHMIDT", "[A-Z]+ [A-Z]+"},
           Row{Person, "Dr. Anna-Lena von Schmidt",
               "Dr\\. [A-Z][a-z]+-[A-Z][a-z]+ von [A-Z][a-z]+"},
           Row{Person, "A. Schmidt", "[B-Z]\\. [A-Z][a-z]+"},
           Row{Person, "\u674E\u5C0F\u9F99", "[A-Z][a-z]+"},
           Row{Place, "Wuppertal", "[A-Z][a-z]+"},
           Row{Organization, "Schmidt & Sohn GmbH", "[A-Z][a-z]+ [A-Z][a-z]+ GmbH"},
           Row{Street, "221 Baker Street", "\\d{3} [A-Z][a-z]+ Lane"},
           Row{Email, "anna@schmidt.de", "[a-z]+\\.[a-z]+@example\\.(com|org|net)"},
           Row{Phone, "(415) 867-5309", "\\(\\d{3}\\) 555-01\\d\\d"},
           Row{Phone, "+1 415 867 5309", "\\+1 \\d{3} 555 01\\d\\d"},
           Row{Phone, "020 7123 4567", "020 7946 0\\d{3}"},
           Row{Phone, "+44 7911 123456", "\\+44 7700 900\\d{3}"},
           Row{Phone, "+49 30 12345678", "\\+49 \\d\\d \\d{8}"},
           Row{Phone, "+81 3-1234-5678", "\\+81 0-0\\d{3}-\\d{4}"},
           Row{Phone, "01 42 68 53 00", "0\\d \\d\\d \\d\\d \\d\\d \\d\\d"},
           Row{Ip, "10.11.12.13",
               "(192\\.0\\.2|198\\.51\\.100|203\\.0\\.113|198\\.1[89]\\.\\d+)\\.\\d+"},
           Row{Ip, "fe80::1ff:fe23:4567:890a", "2001:db8:[0-9a-f:]+"},
           Row{Mac, "3C-22-FB-01-02-03", "00-00-5E-00-53-[0-9A-F]{2}"},
           Row{Url, "https://schmidt.de/anna?x=1", "https://[a-z]+\\.example/[0-9a-f]{8}"},
           Row{Domain, "schmidt.de", "[a-z]+\\.example"},
           Row{Card, "4111 1111 1111 1111", "4000 00\\d\\d \\d{4} \\d{4}"},
           Row{Card, "371449635398431", "378282\\d{9}"},
           Row{Iban, "DE89 3704 0044 0532 0130 00", "DE\\d\\d 0000 \\d{4} \\d{4} \\d{4} \\d\\d"},
           Row{Iban, "GB29NWBK60161331926819", "GB\\d\\dXXXX\\d{14}"},
           Row{UsSsn, "078-05-1120", "9\\d\\d-[0-4]\\d-\\d{4}"},
           Row{UsItin, "912-72-1234", "9\\d\\d-93-\\d{4}"},
           Row{UkNino, "AB 12 34 56 C", "QQ \\d\\d \\d\\d \\d\\d [A-Z]"},
           Row{UkNhs, "943 476 5919", "999 \\d{3} \\d{4}"},
           Row{Code, "12345678Z", "00\\d{6}[A-Z]"},
           Row{Crypto, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "1[A-Za-z2-9]{33}"},
           Row{Date, "12.03.1969", "\\d\\d\\.\\d\\d\\.\\d{4}"},
           Row{Date, "March 12, 1969", "[A-Z][a-z]+ \\d\\d, \\d{4}"},
           Row{Date, "1969-03-12T10:00", "\\d{4}-\\d\\d-\\d\\dT10:00"},
           Row{Token, "Ruritanian", "<X_1>"},
           Row{Identifier, "anna@schmidt.de", "id_[a-z2-7]{10}"},
       })
    for (const char* tenant : {"one", "two", "three", "four"}) {
      const std::string out = surrogate(key_of(tenant), row.kind, row.value);
      EXPECT_TRUE(std::regex_match(out, std::regex(row.form))) << row.value << " -> " << out;
      EXPECT_NE(out, row.value);
    }
}

TEST(PseudonymMap, NumbersThatCanBeCheckedAreValid) {
  FindScratch scratch;
  for (int i = 0; i < 50; ++i) {
    const Key key = key_of("tenant", std::to_string(i));
    for (const auto& [kind, type, value] :
         {std::tuple{SurrogateKind::Card, EntityType::CreditCard, "4111 1111 1111 1111"},
          std::tuple{SurrogateKind::Iban, EntityType::IbanCode, "DE89 3704 0044 0532 0130 00"},
          std::tuple{SurrogateKind::UkNhs, EntityType::UkNhs, "943 476 5919"}}) {
      std::string text = surrogate(key, kind, value);
      if (kind == SurrogateKind::UkNhs) text = "NHS number " + text;
      const auto findings = find_entities(text, scratch);
      ASSERT_EQ(findings.size(), 1u) << text;
      EXPECT_EQ(findings[0].type, type) << text;
    }
  }
}

TEST(PseudonymMap, P5_TheSameInAConversationAndUnlikeElsewhere) {
  const auto person = [](const Key& key) {
    return surrogate(key, SurrogateKind::Person, "Anna Schmidt") +
           surrogate(key, SurrogateKind::Card, "4111 1111 1111 1111");
  };
  EXPECT_EQ(person(key_of("one")), person(key_of("one")));
  EXPECT_NE(person(key_of("one")), person(key_of("two")));
  EXPECT_NE(person(key_of("one", "a")), person(key_of("one", "b")));
  ConversationName named;
  named.tenant = "one";
  named.id = "hello";
  EXPECT_NE(conversation_key(named), key_of("one"));  // an id is no first word
  named.first_words = "whatever";
  const Key key = conversation_key(named);
  named.first_words = "something else";
  EXPECT_EQ(conversation_key(named), key);
  named.user = "another";
  EXPECT_NE(conversation_key(named), key);
  // The borders between the parts of a name count.
  ConversationName a;
  a.tenant = "ab";
  a.user = "c";
  ConversationName b;
  b.tenant = "a";
  b.user = "bc";
  EXPECT_NE(conversation_key(a), conversation_key(b));
}

TEST(PseudonymMap, P5_AnotherRequestsSurrogatesMeanNothing) {
  // Cards: names are few enough for two to be alike by chance.
  PseudonymMap ours(key_of("one"));
  ours.note(SurrogateKind::Card, "CREDIT_CARD", "4111 1111 1111 1111");
  ASSERT_TRUE(ours.assign());
  PseudonymMap theirs(key_of("two"));
  theirs.note(SurrogateKind::Card, "CREDIT_CARD", "4539 1488 0343 6467");
  theirs.note(SurrogateKind::Card, "CREDIT_CARD", "4111 1111 1111 1111");
  ASSERT_TRUE(theirs.assign());
  for (const char* value : {"4539 1488 0343 6467", "4111 1111 1111 1111"}) {
    const std::string text = "Card " + *theirs.find("CREDIT_CARD", value);
    EXPECT_EQ(restored(*ours.restorations(), text), text);
  }
}

TEST(PseudonymMap, PartsOfNamesAgree) {
  PseudonymMap map(key_of("one"));
  for (const char* name : {"Schmidt", "Anna Schmidt", "Karl Schmidt", "ANNA SCHMIDT", "Anna",
                           "Herr Schmidt", "Anna\nSchmidt"})
    map.note(SurrogateKind::Person, "PERSON", name);
  ASSERT_TRUE(map.assign());
  const std::string whole = *map.find("PERSON", "Anna Schmidt");
  const std::string given = whole.substr(0, whole.find(' '));
  const std::string family = whole.substr(whole.find(' ') + 1);
  EXPECT_EQ(*map.find("PERSON", "Anna"), given);
  EXPECT_EQ(*map.find("PERSON", "Schmidt"), family);
  EXPECT_EQ(*map.find("PERSON", "Herr Schmidt"), "Herr " + family);
  EXPECT_EQ(*map.find("PERSON", "Anna\nSchmidt"), given + "\n" + family);
  EXPECT_TRUE(map.find("PERSON", "Karl Schmidt")->ends_with(" " + family));
  EXPECT_EQ(*map.find("PERSON", "ANNA SCHMIDT"), with_case(whole, CaseStyle::Upper));
  const auto known = map.restorations();
  EXPECT_EQ(restored(*known, whole.substr(0, 1) + ". " + family), "A. Schmidt");
  EXPECT_EQ(restored(*known, family + ", " + given), "Schmidt, Anna");
  EXPECT_EQ(restored(*known, given + "\n" + family), "Anna\nSchmidt");
}

TEST(PseudonymMap, AddressesFollowTheNamesInThem) {
  PseudonymMap map(key_of("one"));
  map.note(SurrogateKind::Email, "EMAIL_ADDRESS", "anna.schmidt@firma.de");
  map.note(SurrogateKind::Email, "EMAIL_ADDRESS", "anna.schmidt@other.de");
  map.note(SurrogateKind::Person, "PERSON", "Anna Schmidt");
  ASSERT_TRUE(map.assign());
  std::string name = with_case(*map.find("PERSON", "Anna Schmidt"), CaseStyle::Lower);
  name[name.find(' ')] = '.';
  EXPECT_TRUE(map.find("EMAIL_ADDRESS", "anna.schmidt@firma.de")->starts_with(name + "@example."));
  EXPECT_NE(*map.find("EMAIL_ADDRESS", "anna.schmidt@firma.de"),
            *map.find("EMAIL_ADDRESS", "anna.schmidt@other.de"));
}

TEST(PseudonymMap, ASpellingKeepsItsOwnSurrogate) {
  PseudonymMap map(key_of("one"));
  const std::vector<std::string> spellings = {
      "McDonald",        "Mcdonald",        "MCDONALD",        "mcdonald",       "mcDonald",
      "Ronald McDonald", "ronald mcdonald", "RONALD McDonald", "Ronald Mcdonald"};
  for (const std::string& each : spellings) map.note(SurrogateKind::Person, "PERSON", each);
  ASSERT_TRUE(map.assign());
  const auto known = map.restorations();
  for (const std::string& each : spellings) {
    const std::string* out = map.find("PERSON", each);
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(restored(*known, *out), each) << *out;
  }
}

TEST(PseudonymMap, NeverWhatTheTextHasAlready) {
  // What would be drawn is put into the text: something else is drawn.
  const Key key = key_of("one");
  std::set<std::string> seen;
  std::string text = "Anna Schmidt ";
  for (int i = 0; i < 20; ++i) {
    PseudonymMap map(key);
    map.avoid(text);
    map.note(SurrogateKind::Person, "PERSON", "Anna Schmidt");
    ASSERT_TRUE(map.assign());
    const std::string out = *map.find("PERSON", "Anna Schmidt");
    const std::string family = out.substr(out.find(' ') + 1);
    EXPECT_FALSE(text.contains(family)) << out;
    EXPECT_TRUE(seen.insert(out).second);
    text += out + " ";
  }
}

TEST(PseudonymMap, ManyValuesHaveManySurrogates) {
  PseudonymMap map(key_of("one"));
  std::set<std::string> surrogates;
  std::vector<std::string> names;
  for (int i = 0; i < 3000; ++i)
    names.push_back("N" + std::string(1 + static_cast<std::size_t>(i) / 26 % 26, 'a') +
                    static_cast<char>('a' + i % 26) + " F" +
                    std::string(1 + static_cast<std::size_t>(i) / 676, 'b') +
                    static_cast<char>('a' + i % 26) + static_cast<char>('a' + i / 26 % 26));
  std::set<std::string> values(names.begin(), names.end());
  for (const std::string& each : values) map.note(SurrogateKind::Person, "PERSON", each);
  for (int i = 0; i < 3000; ++i)
    map.note(SurrogateKind::Ip, "IP_ADDRESS",
             "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
  ASSERT_TRUE(map.assign());
  for (const std::string& each : values)
    EXPECT_TRUE(surrogates.insert(*map.find("PERSON", each)).second);
  const auto known = map.restorations();
  for (const std::string& each : values)
    EXPECT_EQ(restored(*known, *map.find("PERSON", each)), each);
}

TEST(PseudonymMap, P10_SecretsAreNeverRestored) {
  PseudonymMap map(key_of("one"));
  map.note(EntityType::ApiKey, "AKIAIOSFODNN7EXAMPLE");
  map.note(EntityType::Password, "hunter22hunter22");
  ASSERT_TRUE(map.assign());
  EXPECT_EQ(*map.find("API_KEY", "AKIAIOSFODNN7EXAMPLE"), "[API_KEY]");
  EXPECT_EQ(restored(*map.restorations(), "use [API_KEY] and [PASSWORD]"),
            "use [API_KEY] and [PASSWORD]");
}

TEST(PseudonymMap, KnownValuesAreFoundWhereNothingElseFindsThem) {
  PseudonymMap map(key_of("one"));
  map.note(SurrogateKind::Person, "PERSON", "Anna M\u00FCller");
  map.note(SurrogateKind::Person, "PERSON", "Will Stein");
  ASSERT_TRUE(map.assign());
  std::vector<PseudonymMap::Known> known;
  const auto found = [&](std::string_view text) {
    map.find_known(text, known);
    std::string out;
    for (const auto& each : known)
      out += std::string(text.substr(each.start, each.end - each.start)) + ";";
    return out;
  };
  EXPECT_EQ(found("Frau M\u00FCller, ANNA M\u00DCLLER, Annas Hund"),
            "M\u00FCller;ANNA M\u00DCLLER;Anna;");
  EXPECT_EQ(found("Annabel, will it? Will it? a stein, Stein's"), "Stein;");
}

TEST(PseudonymMap, DatesMoveTogetherByWholeWeeks) {
  PseudonymMap map(key_of("one"));
  for (const char* date : {"2024-02-28", "2024-03-01", "28.2.2024", "28 February 2024"})
    map.note(SurrogateKind::Date, "DATE_TIME", date);
  ASSERT_TRUE(map.assign());
  const auto day = [&](const char* date) {
    int year = 0;
    int month = 0;
    int number = 0;
    const std::string* out = map.find("DATE_TIME", date);
    EXPECT_EQ(std::sscanf(out->c_str(), "%d-%d-%d", &year, &month, &number), 3) << *out;
    return std::chrono::sys_days(std::chrono::year(year) /
                                 std::chrono::month(static_cast<unsigned>(month)) /
                                 std::chrono::day(static_cast<unsigned>(number)));
  };
  EXPECT_EQ((day("2024-03-01") - day("2024-02-28")).count(), 2);
  using namespace std::chrono;
  const auto moved = day("2024-02-28") - sys_days(2024y / February / 28d);
  EXPECT_EQ(moved.count() % 7, 0);
  EXPECT_NE(moved.count(), 0);
}

}  // namespace
}  // namespace croft::privacy

// Goal: every type is found where its rules hold, and only there; offsets are right in any text.
// Method: tables of numbers whose check digits are worked out by hand or are the examples of the
// issuers' own documents (nobody's data); for each, all other check digits must be refused.
#include "router/privacy/find_entities.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "router/privacy/names/name_labels.h"
#include "router/privacy/redaction.h"
#include "text/utf8.h"

namespace croft::privacy {
namespace {

using enum EntityType;

std::vector<Finding> find(std::string_view text) {
  FindScratch scratch;
  const auto found = find_entities(text, scratch);
  return {found.begin(), found.end()};
}

/// What the rules find; what the tagger of names makes of words around has tests of its own.
std::vector<Finding> find_by_rules(std::string_view text) {
  std::vector<Finding> findings = find(text);
  std::erase_if(findings, [](const Finding& finding) {
    return std::ranges::find(kNameTypes, finding.type) != kNameTypes.end();
  });
  return findings;
}

std::string redact(std::string_view text) {
  return redacted(text, find(text));
}

struct Sample {
  const char* before;  ///< words that tell, or none
  const char* value;
  EntityType type;
};

std::ostream& operator<<(std::ostream& out, const Sample& sample) {
  return out << sample.value;
}

// With check digits: changing the last digit or letter must lose the finding.
constexpr Sample kChecked[] = {
    {"", "4111111111111111", CreditCard},
    {"", "4111 1111 1111 1111", CreditCard},
    {"", "4111-1111-1111-1111", CreditCard},
    {"", "3782 822463 10005", CreditCard},
    {"", "378282246310005", CreditCard},
    {"", "5555555555554444", CreditCard},
    {"", "2223003122003222", CreditCard},
    {"", "6011111111111117", CreditCard},
    {"", "3530111333300000", CreditCard},
    {"", "30569309025904", CreditCard},
    {"", "6304000000000000", CreditCard},
    {"", "4000000000000000006", CreditCard},
    {"my card is ", "587428561654", CreditCard},
    {"my card is ", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", CreditCard},
    {"", "DE89370400440532013000", IbanCode},
    {"", "DE89 3704 0044 0532 0130 00", IbanCode},
    {"", "GB82 WEST 1234 5698 7654 32", IbanCode},
    {"", "gb82west12345698765432", IbanCode},
    {"", "FR14 2004 1010 0505 0001 3M02 606", IbanCode},
    {"", "NO93 8601 1117 947", IbanCode},
    {"", "NL91ABNA0417164300", IbanCode},
    {"", "943 476 5919", UkNhs},
    {"NHS number ", "9434765919", UkNhs},
    {"Steuer-ID ", "86095742719", DeTaxId},
    {"", "86 095 742 719", DeTaxId},
    {"", "15070649C103", DeSocialSecurity},
    {"", "756.9217.0769.85", ChAhv},
    {"", "7569217076985", ChAhv},
    {"", "1237 010180", AtSvnr},
    {"", "255081416802538", FrNir},
    {"", "2 55 08 14 168 025 38", FrNir},
    {"", "85.07.30-033.28", BeNationalNumber},
    {"BSN ", "111222333", NlBsn},
    {"", "12345678Z", EsNif},
    {"", "12345678-Z", EsNif},
    {"", "X1234567L", EsNie},
    {"", "X-1234567-L", EsNie},
    {"", "RSSMRA85T10A562S", ItFiscalCode},
    {"", "RSS MRA 85T10 A562S", ItFiscalCode},
    {"partita IVA ", "12345670017", ItVatCode},
    {"", "44051401359", PlPesel},
    {"", "1800101221144", RoCnp},
    {"", "811218-9876", SePersonnummer},
    {"", "19811218-9876", SePersonnummer},
    {"", "131052-308T", FiPersonalIdentityCode},
    {"", "131052A308T", FiPersonalIdentityCode},
    {"kimlik ", "10000000146", TrNationalId},
    {"TFN ", "123 456 782", AuTfn},
    {"", "51 824 753 556", AuAbn},
    {"ACN ", "004 085 616", AuAcn},
    {"SIN ", "046 454 286", CaSin},
    {"", "529.982.247-25", BrCpf},
    {"CPF ", "52998224725", BrCpf},
    {"", "11.222.333/0001-81", BrCnpj},
    {"", "S1234567D", SgNricFin},
    {"", "11010519491231002X", CnResidentId},
    {"", "1-1017-00230-70-8", ThTnin},
    {"NPI ", "1234567893", UsNpi},
    {"routing number ", "021000021", AbaRoutingNumber},
    {"DEA ", "AB1234563", MedicalLicense},
    {"", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Crypto},
    {"", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", Crypto},
    {"", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Crypto},
};

// By form, or by form and a word nearby.
constexpr Sample kFormed[] = {
    {"", "078-05-1120", UsSsn},
    {"social security: ", "078051120", UsSsn},
    {"", "912-71-1234", UsItin},
    {"", "AB123456C", UkNino},
    {"", "AB 12 34 56 C", UkNino},
    {"", "ABCPD1234E", InPan},
    {"passport ", "A12345678", UsPassport},
    {"Reisepass ", "C01X00T47", Passport},
    {"driver's license ", "F162823540116", UsDriverLicense},
    {"bank account ", "12345678901", UsBankNumber},
    {"CPR ", "010180-1234", DkCpr},
    {"", "820201-1234567", KrRrn},
    {"", "jane.doe+news@mail.example.co.uk", EmailAddress},
    {"", "müller@example.de", EmailAddress},
    {"", "192.0.2.17", IpAddress},
    {"", "2001:db8::8a2e:370:7334", IpAddress},
    {"", "2001:0db8:0000:0000:0000:8a2e:0370:7334", IpAddress},
    {"", "::ffff:192.0.2.128", IpAddress},
    {"", "::1", IpAddress},
    {"", "00:1B:44:11:3A:B7", MacAddress},
    {"", "00-1b-44-11-3a-b7", MacAddress},
    {"", "001b.4411.3ab7", MacAddress},
    {"", "https://example.com/a?b=c#d", Url},
    {"", "www.example.com/path_(x)", Url},
    {"", "example.com", Url},
    {"born on ", "2/8/1935", DateTime},
    {"date of birth: ", "1980-01-02", DateTime},
    {"geboren am ", "13.10.1952", DateTime},
    {"", "+1-212-555-0143", PhoneNumber},
    {"", "(212) 555-0143", PhoneNumber},
    {"", "212.555.0143", PhoneNumber},
    {"", "212-555-0143x45", PhoneNumber},
    {"", "+44 20 7946 0958", PhoneNumber},
    {"", "+46 (0)8 123 456 78", PhoneNumber},
    {"", "07700 900 123", PhoneNumber},
    {"", "0049 30 901820", PhoneNumber},
    {"Phone:\n", "60-56-85-91", PhoneNumber},
    {"call me on ", "467 3395", PhoneNumber},
    {"", "0x52908400098527886E0F7030069857D2E4169EE7", Crypto},
};

constexpr Sample kSecrets[] = {
    {"", "AKIAIOSFODNN7EXAMPLE", ApiKey},
    {"", "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", AccessToken},
    {"", "xoxb-123456789012-abcdefGHIJ", AccessToken},
    {"", "sk-a1B2c3D4e5F6g7H8i9J0k1L2", ApiKey},
    {"", "sk-proj-a1B2c3D4e5F6_7H8i9J0k1L2", ApiKey},
    {"", "sk_live_a1B2c3D4e5F6g7H8", ApiKey},
    {"", "AIzaA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r", ApiKey},
    {"", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", AccessToken},
    {"Authorization: Bearer ", "a1b2c3d4e5f6a7b8c9", AccessToken},
    {"Authorization: Basic ", "dXNlcjpwYXNz", AccessToken},
    {"", "postgres://user:hunter2@db.internal/x", Password},
    {"", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/=\n-----END RSA PRIVATE KEY-----", PrivateKey},
    {"password = ", "hunter2!", Password},
    {"Mein Passwort lautet ", "geheim-42", Password},
    {"api_key=", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", ApiKey},
    {"the token we use, ", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", Secret},
};

class Found : public testing::TestWithParam<Sample> {};

TEST_P(Found, WithItsOffsets) {
  const Sample& sample = GetParam();
  const std::string text = std::string(sample.before) + sample.value;
  const auto findings = find_by_rules(text);
  ASSERT_EQ(findings.size(), 1u) << redact(text);
  EXPECT_EQ(entity_name(findings[0].type), entity_name(sample.type));
  EXPECT_EQ(text.substr(findings[0].start, findings[0].end - findings[0].start), sample.value);
  EXPECT_GT(findings[0].score, 0.0f);
  EXPECT_LE(findings[0].score, 1.0f);
}

TEST_P(Found, AtEveryPlaceInTextOfManyScripts) {
  const Sample& sample = GetParam();
  const std::string around = "é 漢字 👩‍👧 ß, ";
  for (std::size_t cut = 0; cut <= around.size(); ++cut) {
    if (utf8::unfinished_suffix(around.substr(0, cut)) != 0) continue;
    // Letters that touch it make it another word.
    const std::string head = around.substr(0, cut) + " ";
    const std::string text = head + sample.before + sample.value + " – ü";
    const auto findings = find_by_rules(text);
    ASSERT_EQ(findings.size(), 1u) << redact(text);
    EXPECT_EQ(findings[0].start, head.size() + std::string_view(sample.before).size());
    EXPECT_EQ(findings[0].end, findings[0].start + std::string_view(sample.value).size());
  }
}

INSTANTIATE_TEST_SUITE_P(Checked, Found, testing::ValuesIn(kChecked));
INSTANTIATE_TEST_SUITE_P(Formed, Found, testing::ValuesIn(kFormed));
INSTANTIATE_TEST_SUITE_P(Secrets, Found, testing::ValuesIn(kSecrets));

class CheckDigit : public testing::TestWithParam<Sample> {};

TEST_P(CheckDigit, IsAskedFor) {
  const Sample& sample = GetParam();
  const std::string right = sample.value;
  // Where an IBAN's or card's check digits stand does not matter: every change of one digit shows.
  const std::size_t last = right.find_last_of("0123456789");
  int still_found = 0;
  for (char digit = '0'; digit <= '9'; ++digit) {
    std::string wrong = right;
    if (digit == right[last]) continue;
    wrong[last] = digit;
    for (const Finding& finding : find(std::string(sample.before) + wrong))
      still_found += finding.type == sample.type;
  }
  EXPECT_EQ(still_found, 0);
}

INSTANTIATE_TEST_SUITE_P(Checked, CheckDigit, testing::ValuesIn(kChecked));

TEST(FindEntities, LeavesOrdinaryTextAlone) {
  for (const char* text : {
           "",
           " ",
           "The meeting at 10:30 cost 1,234.56 dollars, 12% more than in 2023.",
           "Version 10.0.19045.3930 of 2021 needs 4096 MB; see section 3.2.1.4.5.",
           "ISBN 978-3-16-148410-0, order 4111111111111112, ticket 123456789.",
           "pi is 3.14159265358979323846 and 0.4111111111111111 is a number",
           "std::vector<int> a = b::c; dead::beef; 12:34:56",
           "max_tokens: 16",
           "max_completion_tokens",
           "min_p: 0.1 and max_len",
           "commit 9f8e7d6c5b4a39281706f5e4d3c2b1a012345678",
           "uuid 550e8400-e29b-41d4-a716-446655440000",
           "sk-learn-contrib-and-many-friends, task-1234567890",
           "password: string; password = None; password=${PASSWORD}; password: ********",
           "the password is incorrect, and the token is missing",
           "Bearer of good news, basic training",
           "01 02 03 04 05 06 07 08 09 10",
           "@handle and a@b and @ and @@ and x@y.z",
           "DE89370400440532013001 and GB82 WEST 1234 5698 7654 33",
           "999-00-1234 and 000-12-3456 and 666-12-3456",
           "1999-2005, 2/30/1990, 10-20-30",
           "timestamp 1700000000000, 20240115103045",
           "npm install @types/node@18.0.1",
           "git@github.com:owner/name",
           "If your dog in 10 years is old then in his first",
           "200 phones: 1400000+2100000=3500000, 50000/2000, 12500+21000-6300",
           "lessons for his driver\\u2019s license",
       })
    EXPECT_EQ(redact(text), text);
}

TEST(FindEntities, ReadsWhatOnlyLooksDifferent) {
  EXPECT_EQ(redact("x ４１１１１１１１１１１１１１１１ y"), "x <CREDIT_CARD> y");
  EXPECT_EQ(redact("x 4111\u00A01111\u20091111\u202F1111 y"), "x <CREDIT_CARD> y");
  EXPECT_EQ(redact("x 4111\u00AD1111\u200B1111\u20601111 y"), "x <CREDIT_CARD> y");
  EXPECT_EQ(redact("x 4111\u00AD1111\u00A01111 1111 y"), "x <CREDIT_CARD> y");
  EXPECT_EQ(redact("x 4111\u20131111\u20111111\u22121111 y"), "x <CREDIT_CARD> y");
  EXPECT_EQ(redact("x ٤١١١١١١١١١١١١١١١ y"), "x <CREDIT_CARD> y");
  EXPECT_EQ(redact("x 𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏 y"), "x <CREDIT_CARD> y");
  EXPECT_EQ(redact("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ"), "<EMAIL_ADDRESS>");
  EXPECT_EQ(redact("\u200B078\u00AD-05-1120\u200B"), "\u200B<US_SSN>\u200B");
  EXPECT_EQ(redact("1\uFE0F\u20E32 4111111111111111"), "1\uFE0F\u20E32 <CREDIT_CARD>");
}

TEST(FindEntities, FindsAllOfSeveral) {
  EXPECT_EQ(redact("Card 4111 1111 1111 1111 12/27 123, IBAN:DE89370400440532013000."),
            "Card <CREDIT_CARD> 12/27 123, IBAN:<IBAN_CODE>.");
  EXPECT_EQ(redact("a@example.com,b@example.com;c@example.com"),
            "<EMAIL_ADDRESS>,<EMAIL_ADDRESS>;<EMAIL_ADDRESS>");
  EXPECT_EQ(redact("user_id=4111111111111111&x"), "user_id=<CREDIT_CARD>&x");
  EXPECT_EQ(redact("card4111111111111111"), "card<CREDIT_CARD>");
}

TEST(FindEntities, P9_OverlappingSpansGiveOne) {
  // The digits of this IBAN look like telephone numbers, too.
  EXPECT_EQ(redact("phone DE89 3704 0044 0532 0130 00"), "phone <IBAN_CODE>");
  EXPECT_EQ(redact("call 192.168.100.200"), "call <IP_ADDRESS>");
  EXPECT_EQ(redact("https://example.com/?card=4111111111111111&x=1"),
            "https://example.com/?card=<CREDIT_CARD>&x=1");
  EXPECT_EQ(redact("see https://example.com/?token=9f8e7d6c5b4a39281706f5e4 now"),
            "see <ACCESS_TOKEN> now");
  EXPECT_EQ(redact("mailto:jane@example.com"), "mailto:<EMAIL_ADDRESS>");
}

TEST(FindEntities, ReadsAssignmentsOfManyLanguages) {
  EXPECT_EQ(redact(R"({"password": "correcthorse"})"), R"({"password": "<PASSWORD>"})");
  EXPECT_EQ(redact(R"("{\"password\":\"correcthorse\"}")"), R"("{\"password\":\"<PASSWORD>\"}")");
  EXPECT_EQ(redact("pwd='hunter2'; x"), "pwd='<PASSWORD>'; x");
  EXPECT_EQ(redact("PASSWORD=hunter2 next"), "PASSWORD=<PASSWORD> next");
  EXPECT_EQ(redact("{password: abc123}"), "{password: <PASSWORD>}");
  EXPECT_EQ(redact("My password is hunter2."), "My password is <PASSWORD>.");
  EXPECT_EQ(redact("db.password := 'x y z'"), "db.password := 'x y z'");
}

TEST(FindEntities, TheWordNearbyDecidesBetweenTwo) {
  // These nine digits are a Dutch number, an American one and the form of a passport.
  EXPECT_EQ(redact("card 180010003167666"), "card <CREDIT_CARD>");  // of 15 digits: JCB
  EXPECT_EQ(redact("INSEE 180010003167666"), "INSEE <FR_NIR>");
  EXPECT_EQ(redact("BSN 111222333"), "BSN <NL_BSN>");
  EXPECT_EQ(redact("SSN 111222333"), "SSN <US_SSN>");
  EXPECT_EQ(redact("passport 111222333"), "passport <US_PASSPORT>");
  EXPECT_EQ(redact("number 111222333"), "number 111222333");
}

TEST(FindEntities, OneKeyInAThousandNearMisses) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "4111 1111 1111 1112 sk-sk-sk 1:2:3 a@b DE89 x:// ";
  const std::size_t place = text.size();
  text += "AKIAIOSFODNN7EXAMPLE";
  for (int i = 0; i < 1000; ++i) text += " -----BEGIN eyJ. 00:11:22";
  const auto findings = find(text);
  std::size_t keys = 0;
  for (const Finding& finding : findings) {
    if (!is_secret(finding.type)) continue;
    ++keys;
    EXPECT_EQ(finding, (Finding{ApiKey, place, place + 20, 1.0f}));
  }
  EXPECT_EQ(keys, 1u);
}

TEST(FindEntities, CardBehindManyGroupsIsFoundAtEveryPlace) {
  for (int groups = 0; groups < 150; ++groups) {
    std::string text;
    for (int i = 0; i < groups; ++i) text += "7 ";
    text += "4111 1111 1111 1111";
    ASSERT_EQ(find(text).size(), 1u) << groups;
    EXPECT_EQ(find(text)[0].end, text.size());
  }
}

TEST(FindEntities, RowsOfNumbersLoseNone) {
  std::string text;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    text += "4111 1111 1111 1111 0171 2345678 ";
    expected += "<CREDIT_CARD> <PHONE_NUMBER> ";
  }
  EXPECT_EQ(redact(text), expected);
}

TEST(FindEntities, Names) {
  EXPECT_EQ(redact("My name is Maria Lindqvist and I live in Gothenburg."),
            "My name is <PERSON> and I live in <LOCATION>.");
  EXPECT_EQ(redact("Ask Dr. Schneider (54) about it."), "Ask <TITLE> <PERSON> (<AGE>) about it.");
  EXPECT_EQ(redact("Please send it to 17 Maple Street, Springfield, IL 62704."),
            "Please send it to <STREET_ADDRESS>.");
  EXPECT_EQ(redact("Send it to 17 Maple Street, Springfield, IL 62704, please."),
            "Send it to <STREET_ADDRESS>, please.");
  EXPECT_EQ(redact("He works for Deutsche Bank in Frankfurt."),
            "He works for <ORGANIZATION> in <LOCATION>.");
  EXPECT_EQ(redact("Ich heiße Jürgen Müller und wohne in Köln."),
            "Ich heiße <PERSON> und wohne in <LOCATION>.");
  for (const char* text :
       {"Write a function in Python that sorts a list.", "I've lost my card, what can I do?",
        "The meeting is about cost and quality.", "what is the weather like today",
        "Why isn't my payment working?", "It's late. I don't know. We'll see."})
    EXPECT_EQ(redact(text), text);
}

// A request's own field names pass through the gate, too: one taken for a name would change it.
TEST(FindEntities, IdentifiersAreNoNames) {
  for (const char* name : {"max_completion_tokens",
                           "max_output_tokens",
                           "max_tokens",
                           "presence_penalty",
                           "frequency_penalty",
                           "temperature",
                           "tool_choice",
                           "parallel_tool_calls",
                           "response_format",
                           "stream_options",
                           "include_usage",
                           "reasoning_effort",
                           "stop_sequences",
                           "service_tier",
                           "logit_bias",
                           "top_logprobs",
                           "metadata",
                           "functions",
                           "function_call",
                           "json_schema",
                           "additionalProperties",
                           "thinking",
                           "budget_tokens",
                           "cache_control",
                           "web_search_options",
                           "prediction",
                           "modalities",
                           "description",
                           "parameters",
                           "properties",
                           "required",
                           "arguments",
                           "tool_call_id",
                           "image_url",
                           "detail",
                           "input_schema",
                           "system",
                           "keep_alive",
                           "num_predict",
                           "num_ctx",
                           "mirostat_tau",
                           "repeat_penalty",
                           "route_trace",
                           "prompt_cache_key",
                           "minLength",
                           "maxItems",
                           "oneOf",
                           "dependentSchemas",
                           "patternProperties",
                           "const max_len = grace_period + carter_id; // rose_count",
                           "getFrankConfig(maxValue)"})
    EXPECT_EQ(redact(name), name);
  EXPECT_EQ(redact("Her file is Maria_Lindqvist."), "Her file is <PERSON>.");
}

TEST(FindEntities, RulesWinOverNamesAndNamesKeepTheRest) {
  EXPECT_EQ(redact("Anna Berger anna.berger@example.com"), "<PERSON> <EMAIL_ADDRESS>");
  EXPECT_EQ(redact("Contact: Anna Berger, +44 20 7946 0958"), "Contact: <PERSON>, <PHONE_NUMBER>");
}

TEST(FindEntities, StopsAtItsDeadline) {
  FindScratch scratch;
  const std::string text(1 << 20, 'x');
  EXPECT_FALSE(find_entities_until(text, Clock::now() - std::chrono::seconds(1), scratch));
  const auto found =
      find_entities_until("a@example.com", Clock::now() + std::chrono::hours(1), scratch);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->size(), 1u);
}

TEST(FindEntities, NamesAreDistinctAndKnown) {
  for (const std::string& name : entity_names()) {
    ASSERT_TRUE(find_entity_type(name).has_value());
    EXPECT_EQ(entity_name(*find_entity_type(name)), name);
  }
  EXPECT_FALSE(find_entity_type("credit_card").has_value());
}

}  // namespace
}  // namespace croft::privacy

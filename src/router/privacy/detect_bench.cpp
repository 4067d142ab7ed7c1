// Measures the detector: croft_privacy_bench [rounds [case]]
//
// Ordinary prose of 1,000 characters, prose with findings, the same with rules of one's own (a list
// of 100,000 names, patterns, things allowed), and 1 MB of near misses of each kind: digits,
// addresses, keys. Figures are microseconds (prose, per 1,000 characters) and milliseconds
// (hostile, per 1 MB) of this thread's processor time, the best of several rounds. A case's name
// measures that one alone.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "base/check.h"
#include "router/privacy/custom/custom_rules.h"
#include "router/privacy/find_entities.h"

namespace croft::privacy {
namespace {

double now_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::string repeated(std::string_view unit, std::size_t size) {
  std::string text;
  while (text.size() < size) text += unit;
  text.resize(size);
  return text;
}

double best_seconds(const std::string& text, int rounds, const CustomRules* rules,
                    std::size_t& found) {
  FindScratch scratch;
  scratch.custom = rules;
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const double start = now_seconds();
    found = find_entities(text, scratch).size();
    best = std::min(best, now_seconds() - start);
  }
  return best;
}

struct Case {
  const char* name;
  std::string_view unit;
};

constexpr Case prose[] = {
    {"prose",
     "The committee met on Tuesday to look at the plans for the new library, and after a long talk "
     "about cost it was agreed that work may begin in the spring. Nobody had expected it: the old "
     "building, put up in 1962, has leaked for years, and two earlier plans came to nothing. "},
    {"German prose",
     "Der Ausschuss traf sich am Dienstag, um über die Pläne für die neue Bücherei zu sprechen. "
     "Nach längerer Aussprache über die Kosten einigte man sich darauf, im Frühjahr anzufangen: "
     "das alte Gebäude von 1962 ist seit Jahren undicht. "},
    {"full-width digits",
     "価格は４５００円です。会議は１０月２０日に行われます。参加者は３０名の予定です。"},
    {"code",
     "for (std::size_t i = 0; i < count; ++i) { total += values[i] * weights[i % 16]; } // 0x1F3A\n"
     "if (key == \"name\") return find(map, key); else log(\"unknown field %s at %d\", key, "
     "42);\n"},
    {"names",
     "Maria Lindqvist of Larsen & Sons wrote from 12 Harbour Street, Bergen, to Dr. Peter Novak in "
     "Prague: the French and the Dutch had signed, Anna Rossi (41) had not, and Mr. van Dijk would "
     "call from New York on Friday. Would Tom ask Ines Moreau at Siemens in Munich? "},
    {"with findings",
     "Please charge my card 4111 1111 1111 1111, or write to jane.doe@example.com. My number is "
     "212-555-0143 and the account DE89 3704 0044 0532 0130 00; the server is 192.0.2.17. It has "
     "been slow since Monday, and the form at https://www.example.com/form?id=3 does not load. "},
};

constexpr Case hostile[] = {
    {"single digits", "4 "},
    {"digits", "4111111111111112 "},
    {"card groups", "4111 1111 1111 1112 "},
    {"long digits", "41111111111111121111111111"},
    {"at signs", "a@"},
    {"local parts", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b "},
    {"dots", "a.b."},
    {"schemes", "a://"},
    {"brackets", "http://((((((((()))))))))))))))))))"},
    {"colons", "1:2:"},
    {"gaps", "::1"},
    {"hex", "deadbeef1"},
    {"sk-", "sk-"},
    {"pypi-", "pypi-a"},
    {"eyJ", "eyJ."},
    {"bearer", "Bearer a1b2c3 "},
    {"PEM", "-----BEGIN PRIVATE KEY-----\n"},
    {"password", "password: "},
    {"key", "key=a1b2c3d4e5 "},
    {"IBAN", "DE89 3704 0044 0532 0130 01 "},
    {"codes", "A1 "},
    {"base58", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb "},
    {"phones", "+49 171 1234567 "},
    {"passport", "passport A1234567 "},
    {"dates", "born 1/2/1980 "},
    {"soft hyphens", "4\u00AD1"},
    {"umlauts", "üö"},
    {"half characters", "\xC3"},
    {"capitals", "Anna Kol "},
    {"listed words", "bababa "},
};

void measure_prose(const Case& each, int rounds, const CustomRules* rules) {
  const std::string text = repeated(each.unit, 100'000);
  const double characters =
      static_cast<double>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
  std::size_t found = 0;
  const double seconds = best_seconds(text, rounds, rules, found);
  std::printf("%-18s %7.2f us per 1,000 characters, %zu findings%s\n", each.name,
              1e9 * seconds / characters, found, rules != nullptr ? ", with own rules" : "");
}

/// 100,000 names of two words, three patterns, 1,000 things allowed.
CustomRules own_rules() {
  constexpr std::size_t entries = 100'000;
  constexpr std::string_view syllables[] = {"ba", "der", "kol", "mi", "no",  "ras", "tu",  "vel",
                                            "an", "gor", "shi", "pe", "lon", "du",  "fay", "ze"};
  std::string lines;
  std::vector<std::string> allowed;
  for (std::size_t i = 0; i < entries; ++i) {
    std::string name;
    for (std::size_t rest = i * 2654435761u % (1u << 24), part = 0; part < 6; ++part, rest /= 16) {
      name += syllables[rest % 16];
      if (part == 2) name += ' ';
    }
    if (i % 100 == 0) allowed.push_back(name);
    lines += name + '\n';
  }
  CustomRules rules;
  for (const char* regex : {"\\bE-[0-9]{5}\\b", "(?i)project [a-z]+-[0-9]+", "[A-Z]{2}[0-9]{6,9}"})
    CHECK(rules.add_pattern({.type = EntityType::UsBankNumber, .regex = regex, .context = {"id"}})
              .has_value());
  const double start = now_seconds();
  WordLists lists;
  CHECK(lists.add(lines, "names", EntityType::Person).has_value());
  lists.finish();
  std::printf("a list of %zu names, %zu bytes: read in %.1f ms, takes %.1f MB\n", entries,
              lines.size(), 1e3 * (now_seconds() - start),
              static_cast<double>(lists.bytes()) / 1e6);
  rules.set_words(std::move(lists));
  rules.set_allowed(allowed);
  return rules;
}

int run(int rounds, std::string_view only) {
  const auto is_asked = [&](const Case& each) { return only.empty() || only == each.name; };
  for (const Case& each : prose)
    if (is_asked(each)) measure_prose(each, rounds, nullptr);
  const CustomRules rules = own_rules();
  for (const Case& each : prose)
    if (is_asked(each)) measure_prose(each, rounds, &rules);
  for (const Case& each : hostile) {
    if (!is_asked(each)) continue;
    std::size_t found = 0;
    const double seconds =
        best_seconds(repeated(each.unit, 1'000'000), std::min(rounds, 3), &rules, found);
    std::printf("%-18s %7.2f ms per 1 MB, %zu findings\n", each.name, 1e3 * seconds, found);
  }
  return 0;
}

}  // namespace
}  // namespace croft::privacy

int main(int argc, char** argv) {
  return croft::privacy::run(argc > 1 ? std::max(1, std::atoi(argv[1])) : 20,
                             argc > 2 ? argv[2] : "");
}

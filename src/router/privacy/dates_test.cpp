// Goal: dates, ages and postcodes are found as people write them in several languages, and numbers
// that only resemble them are not. Method: tables; only findings of that type count.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "router/privacy/find_entities.h"

namespace croft::privacy {
namespace {

std::vector<std::string> found(std::string_view text, EntityType type) {
  FindScratch scratch;
  std::vector<std::string> out;
  for (const Finding& finding : find_entities(text, scratch))
    if (finding.type == type)
      out.emplace_back(text.substr(finding.start, finding.end - finding.start));
  return out;
}

TEST(Dates, AreFoundWhole) {
  for (const char* date : {"12 March 1998",
                           "March 12, 1998",
                           "March 12th, 1998",
                           "12th of March 1998",
                           "12 March",
                           "March 12",
                           "March 1998",
                           "Mar. 12, 1998",
                           "12-Mar-1998",
                           "Monday, March 12, 1998",
                           "the 3rd of May 2001",
                           "1998-03-12",
                           "1998-03-12T10:30",
                           "12/03/1998",
                           "3/14/1998",
                           "12.3.1998",
                           "12. März 1998",
                           "Montag, 12. März 1998",
                           "12 mars 1998",
                           "1er mai 2003",
                           "12 de marzo de 1998",
                           "12 marzo 1998",
                           "12 maart 1998",
                           "March 12, 1998 at 10:30 pm",
                           "March 12, 1998 10:30:05"}) {
    std::string whole = date;
    if (whole.starts_with("the ")) whole = whole.substr(4);
    EXPECT_EQ(found("It was on " + std::string(date) + ".", EntityType::DateTime),
              std::vector<std::string>{whole})
        << date;
  }
}

TEST(Dates, OtherNumbersAreNone) {
  for (const char* text :
       {"march 5 miles", "you may 5 or 6", "version 1.2.3", "2/30/1990", "10-20-30",
        "May the force", "a March of 500 people", "section 12.3.4567", "March 500", "in 1998",
        "June Carter", "May 5%", "3 decimal places"})
    EXPECT_TRUE(found(text, EntityType::DateTime).empty()) << text;
}

TEST(Dates, AYearIsOneOfBirthOnly) {
  for (const char* text : {"born in 1962", "geboren 1962", "she was born in 1962."})
    EXPECT_EQ(found(text, EntityType::DateTime), std::vector<std::string>{"1962"}) << text;
  for (const char* text : {"built in 1962", "born with 1162 others", "born 19627", "1962 was dry"})
    EXPECT_TRUE(found(text, EntityType::DateTime).empty()) << text;
  EXPECT_EQ(found("born on 12 March 1962", EntityType::DateTime),
            std::vector<std::string>{"12 March 1962"});
}

TEST(Ages, ByTheWordsAround) {
  for (const char* text :
       {"he is 34 years old", "a 34-year-old man", "a 34 year old", "aged 34", "Age: 34", "34 y/o",
        "34 yo", "34 Jahre alt", "34 jaar oud", "34 years of age"})
    EXPECT_EQ(found(text, EntityType::Age), std::vector<std::string>{"34"}) << text;
  for (const char* text : {"34 years ago", "34 years", "page 34", "for 34 years of work",
                           "340 years old", "0 years old"})
    EXPECT_TRUE(found(text, EntityType::Age).empty()) << text;
}

TEST(Postcodes, ByFormOrWord) {
  const struct {
    const char* text;
    const char* code;
  } cases[] = {{"zip code 94105", "94105"},
               {"ZIP: 94105-1234", "94105-1234"},
               {"PLZ 10115", "10115"},
               {"code postal 75002", "75002"},
               {"it goes to the area of SW1A 1AA now", "SW1A 1AA"},
               {"postcode M1 1AE", "M1 1AE"},
               {"postal code K1A 0B1", "K1A 0B1"}};
  for (const auto& [text, code] : cases)
    EXPECT_EQ(found(text, EntityType::ZipCode), std::vector<std::string>{code}) << text;
  for (const char* text : {"it cost 94105", "A1 1AA1", "a1 1aa", "B12 12A", "94105 people"})
    EXPECT_TRUE(found(text, EntityType::ZipCode).empty()) << text;
}

TEST(Dates, ManyNearMissesStayCheap) {
  for (const char* unit : {"May ", "12 March 1998 ", "12 of ", "3rd of the 3rd of ", "age ", "34-",
                           "34 years old ", "Monday, "}) {
    std::string text;
    while (text.size() < 200'000) text += unit;
    const auto begin = std::chrono::steady_clock::now();
    FindScratch scratch;
    (void)find_entities(text, scratch);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(seconds.count(), 20.0) << unit;  // 0.02 s on an idle machine
  }
}

}  // namespace
}  // namespace croft::privacy

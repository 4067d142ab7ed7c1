// Goal: true values come back whatever the cloud did to their surrogates and however its answer was
// cut, and nothing else is touched or held. Method: texts with surrogates recased, inflected,
// quoted, escaped and broken; each is cut at every byte, and into single bytes; what is held after
// each piece is measured.
#include "router/privacy/pseudonyms/text_restorer.h"

#include <gtest/gtest.h>

#include <string>

namespace croft::privacy {
namespace {

Restoration name(std::string surrogate, std::string value) {
  return {.surrogate = std::move(surrogate),
          .value = std::move(value),
          .endings = Endings::Names,
          .recasing = Recasing::Names};
}

Restorations restorations() {
  return Restorations({
      name("Kendall Marlwick", "Anna Schmidt"),
      name("Kendall", "Anna"),
      name("Marlwick", "Schmidt"),
      name("Torin Draylow", "J\u00FCrgen Gro\u00DF"),
      name("Corin", "Hans"),
      {.surrogate = "kendall@example.org", .value = "anna@schmidt.de", .recasing = Recasing::Upper},
      {.surrogate = "+1 212-555-0143", .value = "+1 415-867-5309", .is_number = true},
      {.surrogate = "4000 0012 3456 7899", .value = "4111 1111 1111 1111", .is_number = true},
      {.surrogate = "<NRP_1>", .value = "Ruritanian"},
      {.surrogate = "NRP_1", .value = "Ruritanian"},
      {.surrogate = "weird", .value = "a \"quoted\"\\\nvalue"},
  });
}

/// The text restored; EXPECTs that cutting it anywhere gives the same.
std::string all_cuts(std::string_view text, TextForm form = TextForm::Prose) {
  const Restorations known = restorations();
  std::string whole = restored(known, text, form);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    TextRestorer restorer(known, form);
    std::string out;
    restorer.feed(text.substr(0, cut), out);
    restorer.feed(text.substr(cut), out);
    restorer.finish(out);
    EXPECT_EQ(out, whole) << "cut at " << cut;
  }
  TextRestorer restorer(known, form);
  std::string out;
  for (const char c : text) restorer.feed({&c, 1}, out);
  restorer.finish(out);
  EXPECT_EQ(out, whole) << "byte by byte";
  return whole;
}

struct Row {
  std::string_view given;
  std::string_view expected;
};

TEST(TextRestorer, P6_SurrogatesAreFoundHoweverTheyAreCut) {
  for (const Row& row : {
           Row{"Dear Kendall Marlwick, welcome.", "Dear Anna Schmidt, welcome."},
           Row{"Kendall Marlwick", "Anna Schmidt"},
           Row{"Kendall Marlwick and Kendall", "Anna Schmidt and Anna"},
           Row{"Kendall Kendall Marlwick", "Anna Anna Schmidt"},
           Row{"Marlwick, Kendall", "Schmidt, Anna"},
           Row{"\u00E4Kendall", "\u00E4Kendall"},  // within a word: somebody else
           Row{"Kendallville Marlwicks", "Kendallville Schmidts"},
           Row{"seeKendallNow and KENDALLS2 or McMarlwick", "seeAnnaNow and ANNAS2 or McSchmidt"},
           Row{"\U0001F600Torin Draylow\U0001F600", "\U0001F600J\u00FCrgen Gro\u00DF\U0001F600"},
           Row{"Torin Draylow\u3055\u3093", "J\u00FCrgen Gro\u00DF\u3055\u3093"},
           Row{"write to kendall@example.org.", "write to anna@schmidt.de."},
           Row{"kendall@example.organic", "anna@example.organic"},
           Row{"\\u004bendall \\u004Darlwick", "Anna Schmidt"},
           Row{"Ken", "Ken"},
           Row{"", ""},
       })
    EXPECT_EQ(all_cuts(row.given), row.expected);
}

TEST(TextRestorer, P7_RecasedInflectedQuotedBroken) {
  for (const Row& row : {
           Row{"KENDALL MARLWICK", "ANNA SCHMIDT"},
           Row{"kendall marlwick", "anna schmidt"},
           Row{"Kendall MARLWICK", "Anna Schmidt"},
           Row{"TORIN DRAYLOW", "J\u00DCRGEN GROSS"},
           Row{"Kendall's", "Anna's"},
           Row{"Kendall\u2019s", "Anna\u2019s"},
           Row{"Marlwicks Haus", "Schmidts Haus"},
           Row{"Torin Draylows Haus", "J\u00FCrgen Gro\u00DF' Haus"},
           Row{"Corins Auto", "Hans' Auto"},
           Row{"the Marlwicks'", "the Schmidts'"},
           Row{"z Marlwickiem i o Marlwicku", "z Schmidtiem i o Schmidtu"},
           Row{"\u201EKendall Marlwick\u201C", "\u201EAnna Schmidt\u201C"},
           Row{"'Kendall'", "'Anna'"},
           Row{"**Kendall** _Marlwick_", "**Anna** _Schmidt_"},
           Row{"Kendall\nMarlwick", "Anna Schmidt"},
           Row{"Kendall  \r\n   Marlwick", "Anna Schmidt"},
           Row{"Kendall\u00A0Marlwick", "Anna Schmidt"},
           Row{"Kend\u00ADall Marl\u200Bwick", "Anna Schmidt"},
           Row{"call +12125550143 or (+1) 212", "call +1 415-867-5309 or (+1) 212"},
           Row{"card 4000001234567899.", "card 4111 1111 1111 1111."},
           Row{"card 4000-0012-3456-7899", "card 4111 1111 1111 1111"},
           Row{"card 40000012345678990", "card 40000012345678990"},
           Row{"a <NRP_1> and NRP_1 but NRP_12", "a Ruritanian and Ruritanian but NRP_12"},
           Row{"KENDALL@EXAMPLE.ORG", "ANNA@SCHMIDT.DE"},
       })
    EXPECT_EQ(all_cuts(row.given), row.expected);
}

TEST(TextRestorer, P8_ArgumentsStayJson) {
  for (const Row& row : {
           Row{R"({"to":"Kendall Marlwick"})", R"({"to":"Anna Schmidt"})"},
           Row{R"({"to":"\u004bendall\nMarlwick"})", R"({"to":"Anna Schmidt"})"},
           Row{R"({"a":"x\nKendall","b":"x\\nKendall"})", R"({"a":"x\nAnna","b":"x\\nAnna"})"},
           Row{R"({"a":"weird"})", R"({"a":"a \"quoted\"\\\nvalue"})"},
           Row{R"({"a":"{\"b\":\"weird\"}"})",
               R"({"a":"{\"b\":\"a \\\"quoted\\\"\\\\\\nvalue\"}"})"},
           Row{R"({"card": 4000001234567899})", R"({"card": "4111 1111 1111 1111"})"},
           Row{R"({"a":"C:\\Kendall"})", R"({"a":"C:\\Anna"})"},
       })
    EXPECT_EQ(all_cuts(row.given, TextForm::Json), row.expected);
}

TEST(TextRestorer, P3_WhatWasRestoredIsNotLookedAtAgain) {
  const Restorations circle({name("Alpha Beta", "Gamma Delta"), name("Gamma Delta", "Alpha Beta"),
                             name("Delta", "Kendall")});
  EXPECT_EQ(restored(circle, "Alpha Beta, Gamma Delta, Delta"), "Gamma Delta, Alpha Beta, Kendall");
}

TEST(TextRestorer, HoldsBackOnlyWhatMayBecomeASurrogate) {
  const Restorations known = restorations();
  TextRestorer restorer(known, TextForm::Prose);
  std::string out;
  restorer.feed("Nothing here begins like one. ", out);
  EXPECT_EQ(restorer.held_bytes(), 0u);
  restorer.feed("Ke", out);
  EXPECT_EQ(restorer.held_bytes(), 2u);
  restorer.feed("ys are lost. ", out);
  EXPECT_EQ(restorer.held_bytes(), 0u);
  std::size_t most = 0;
  for (int i = 0; i < 2000; ++i) {
    restorer.feed(i % 3 == 0 ? "Kendall" : i % 3 == 1 ? "    " : "Torin", out);
    most = std::max(most, restorer.held_bytes());
  }
  EXPECT_LT(most, 64u);
  for (int i = 0; i < 20'000; ++i) {  // spaces without end
    restorer.feed(i == 0 ? "Kendall " : " ", out);
    most = std::max(most, restorer.held_bytes());
  }
  for (int i = 0; i < 20'000; ++i) {  // and what shows nothing
    restorer.feed(i == 0 ? "Kendall" : "\u200B", out);
    most = std::max(most, restorer.held_bytes());
  }
  EXPECT_LT(most, 128u);
}

TEST(TextRestorer, BytesThatAreNoTextPassUnchanged) {
  const std::string_view text("\xff\xfe\x00Kendall\xc3", 11);
  EXPECT_EQ(all_cuts(text), std::string("\xff\xfe\x00", 3) + "Anna\xc3");
}

}  // namespace
}  // namespace croft::privacy

#pragma once
/// For tests only: a small set of labelled texts made by rule.

#include <string>
#include <string_view>

#include "router/gates/intent_rows.h"

namespace croft {

/// 8 ways of asking times 6 objects for each of 4 labels, and 24 rows out of scope.
inline IntentRows sample_intent_rows() {
  constexpr std::string_view begins[] = {"please ",  "can you ",   "i want to ", "how do i ",
                                         "help me ", "i need to ", "let me ",    "could i "};
  constexpr std::string_view ends[] = {"today",     "for my mother", "right now",
                                       "from work", "again",         "with my phone"};
  constexpr std::string_view intents[][2] = {{"balance", "check how much money is on my account "},
                                             {"card_lost", "report that my card was stolen "},
                                             {"transfer", "send money to another bank "},
                                             {"weather", "see whether it will rain "}};
  constexpr std::string_view outside[] = {"name the capital of ", "who invented ",
                                          "sing a song about ", "translate the word "};
  constexpr std::string_view things[] = {"france", "trains", "goats", "glass", "winter", "paper"};
  IntentRows rows;
  for (const auto& [label, what] : intents)
    for (const auto begin : begins)
      for (const auto end : ends)
        rows.rows.push_back({.text = std::string(begin) + std::string(what) + std::string(end),
                             .label = std::string(label)});
  for (const auto begin : outside)
    for (const auto thing : things)
      rows.rows.push_back({.text = std::string(begin) + std::string(thing), .label = {}});
  rows.digest = "0123456789abcdef";
  return rows;
}

}  // namespace croft

#pragma once
/// A small model for tests: trained in a second on a few rules and names.

#include <gtest/gtest.h>

#include <string>

#include "router/privacy/names/name_trainer.h"

namespace croft::privacy {

inline NameListFiles test_lists() {
  return {{"first_names", {"Anna", "Bert", "Clara", "David", "Emma", "Frank", "Greta", "Hugo"}},
          {"last_names", {"Adler", "Brandt", "Carver", "Dorn", "Ebner", "Fischer", "Gruber"}},
          {"cities", {"Aachen", "Bremen", "Coburg", "New York", "Rio de Janeiro"}},
          {"words", {"the", "lives", "in", "met", "with", "house", "is", "old", "and", "a"}}};
}

inline constexpr std::string_view kTestRules = R"(# Rules for tests.
= text
{text.en}
3* {text.en} {plain}
= text.en
{PERSON} lives in {LOCATION}.
{PERSON} met {PERSON} in {LOCATION}.
The house in {LOCATION} is old.
{PERSON} is (old|a friend|with {PERSON}).
{TITLE} {PERSON.last} lives in {LOCATION}.
I met {PERSON}.
= plain
the house is old.
The house is old and a house.
= PERSON
<first_names> <last_names>
<first_names>
= PERSON.last
<last_names>
= LOCATION
<cities>
= TITLE
(Mr.|Dr.)
)";

inline TextGrammar test_grammar() {
  auto grammar = TextGrammar::parse(kTestRules, "rules", test_lists());
  if (!grammar) {
    ADD_FAILURE() << grammar.error().to_string();
    std::abort();
  }
  return *std::move(grammar);
}

inline NameTrainingOptions test_options() {
  NameTrainingOptions options;
  options.texts = 3000;
  options.bucket_bits = 12;
  return options;
}

inline const NameModelData& test_model_data() {
  static const NameModelData data = [] {
    auto trained = train_names(test_lists(), test_grammar(), test_options());
    if (!trained) std::abort();
    return std::move(trained->data);
  }();
  return data;
}

}  // namespace croft::privacy

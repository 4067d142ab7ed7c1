#pragma once
/// Trains the tagger of names: an averaged structured perceptron on texts made from rules.
///
/// The same lists, rules and options make the same bytes, whatever the machine: no threads, and no
/// arithmetic whose order could differ.

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "router/privacy/names/name_model.h"
#include "router/privacy/names/text_grammar.h"

namespace croft::privacy {

struct NameTrainingOptions {
  std::uint64_t seed = 1;
  std::size_t texts = 300'000;  ///< that are made and looked at once each
  std::uint32_t bucket_bits = 15;
  std::int16_t outside_penalty = 0;
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;
  std::stop_token stop;
};

/// How well texts are tagged whose templates were not trained on, by whole entities.
struct NameScore {
  std::string type;
  std::size_t marked = 0;
  std::size_t found = 0;  ///< spans of this type that the tagger gave
  std::size_t right = 0;  ///< with exactly the same borders
  [[nodiscard]] double precision() const;
  [[nodiscard]] double recall() const;
};

struct NameTraining {
  NameModelData data;
  std::vector<NameScore> held_out;
};

/// The lists by file name without its ending: first_names, last_names, cities, regions, companies,
/// peoples, words; others only serve the rules. Errors: InvalidArgument; Cancelled.
Result<NameTraining> train_names(const NameListFiles& lists, const TextGrammar& grammar,
                                 const NameTrainingOptions& options);

}  // namespace croft::privacy

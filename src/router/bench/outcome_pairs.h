#pragma once
/// What a weak and a strong model made of the same prompts: the raw material of a router's figures.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace croft {

/// Row i of every vector is prompt i. `prompts` is empty where the texts are not known.
struct OutcomePairs {
  std::vector<std::string> ids;
  std::vector<std::string> prompts;
  std::vector<double> weak;    ///< 1: the weak model's answer is right, 0: it is not
  std::vector<double> strong;  ///< likewise

  [[nodiscard]] std::size_t size() const { return ids.size(); }
};

/// What a router expects of every row's answers, about 0 to 1, by a model that has not seen the
/// row.
struct ExpectedOutcomes {
  std::vector<double> weak;
  std::vector<double> strong;
  /// weak - strong: high where there is little to win by escalating.
  [[nodiscard]] std::vector<double> staying() const;
};

/// Which of `folds` parts each text belongs to: by XXH3 of seed and text, so equal texts share a
/// part and the order of rows does not matter.
[[nodiscard]] std::vector<std::uint32_t> folds_of(const std::vector<std::string>& texts,
                                                  std::uint32_t folds, std::uint64_t seed);

}  // namespace croft

#include "router/bench/outcome_pairs.h"

#include <algorithm>
#include <functional>
#include <span>

#include "io/digest.h"

namespace croft {

std::vector<double> ExpectedOutcomes::staying() const {
  std::vector<double> out(weak.size());
  std::ranges::transform(weak, strong, out.begin(), std::minus<>{});
  return out;
}

std::vector<std::uint32_t> folds_of(const std::vector<std::string>& texts, std::uint32_t folds,
                                    std::uint64_t seed) {
  std::vector<std::uint32_t> out;
  out.reserve(texts.size());
  for (const std::string& text : texts) {
    const std::string keyed = std::to_string(seed) + "\n" + text;
    out.push_back(static_cast<std::uint32_t>(xxh3_64(std::as_bytes(std::span(keyed))) % folds));
  }
  return out;
}

}  // namespace croft

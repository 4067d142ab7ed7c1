#include "store/near_names.h"

#include <algorithm>
#include <utility>

#include "base/edit_distance.h"

namespace croft {
namespace {

constexpr std::size_t name_bytes_max = 128;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::vector<std::string> near_names(std::string_view name, std::vector<std::string> names,
                                    std::size_t count_max) {
  if (name.empty() || name.size() > name_bytes_max) return {};
  const std::string wanted = lower(name);
  const std::string family = wanted.substr(0, wanted.find(':'));
  struct Ranked {
    std::size_t distance;
    std::size_t position;  // of equal ones the first in `names` comes first
    std::string name;
  };
  std::vector<Ranked> ranked;
  for (std::string& candidate : names) {
    const std::string text = lower(candidate);
    const std::size_t distance =
        std::min(edit_distance(wanted, text),
                 edit_distance(family, std::string_view(text).substr(0, text.find(':'))) + 1);
    if (text.find(family) != std::string::npos) {
      ranked.push_back({0, ranked.size(), std::move(candidate)});
    } else if (distance <= wanted.size() / 3 + 1) {
      ranked.push_back({distance, ranked.size(), std::move(candidate)});
    }
  }
  std::ranges::sort(ranked, {}, [](const Ranked& r) { return std::pair(r.distance, r.position); });
  std::vector<std::string> out;
  for (Ranked& candidate : ranked) {
    if (out.size() == count_max) break;
    out.push_back(std::move(candidate.name));
  }
  return out;
}

}  // namespace croft

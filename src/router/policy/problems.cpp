#include "router/policy/problems.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/edit_distance.h"

namespace croft {
namespace {

constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t listed_max = 12;

}  // namespace

std::string ConfigProblem::sentence() const {
  return place + ": " + (key.empty() ? message : key + " " + message);
}

void Problems::error(const ConfigNode& node, std::string message, std::string hint) {
  ++errors_;
  add(true, node, std::move(message), std::move(hint));
}

void Problems::warning(const ConfigNode& node, std::string message, std::string hint) {
  ++warnings_;
  add(false, node, std::move(message), std::move(hint));
}

void Problems::add(bool is_error, const ConfigNode& node, std::string message, std::string hint) {
  // The first error is always kept, whatever number of warnings stands before it.
  if (list_.size() >= problems_max && !(is_error && errors_ == 1)) return;
  list_.push_back({is_error, node.place(), node.key, std::move(message), std::move(hint)});
}

Error first_error(const std::vector<ConfigProblem>& problems) {
  const auto first = std::ranges::find(problems, true, &ConfigProblem::is_error);
  CHECK(first != problems.end());
  const auto errors = std::ranges::count(problems, true, &ConfigProblem::is_error);
  std::string hint = first->hint;
  if (errors > 1)
    hint += std::string(hint.empty()          ? ""
                        : hint.ends_with('?') ? " "
                                              : ". ") +
            "`croft route check` lists all " + std::to_string(errors) + " mistakes";
  return {.code = ErrorCode::InvalidArgument,
          .message = first->sentence(),
          .hint = std::move(hint),
          .field = first->key};
}

std::string did_you_mean(std::string_view wrong, std::span<const std::string> known) {
  if (known.empty()) return {};
  const std::string* best = nullptr;
  std::size_t best_edits = wrong.size() / 3 + 2;
  if (!wrong.empty() && wrong.size() <= name_bytes_max) {
    for (const std::string& name : known) {
      if (name.size() > name_bytes_max) continue;
      const std::size_t edits = edit_distance(wrong, name);
      if (edits >= best_edits) continue;
      best = &name;
      best_edits = edits;
    }
  }
  if (best != nullptr) return "Did you mean " + *best + "?";
  std::string text = "There is ";
  for (std::size_t i = 0; i < std::min(known.size(), listed_max); ++i)
    text += (i == 0 ? "" : ", ") + known[i];
  return known.size() > listed_max ? text + " ..." : text;
}

}  // namespace croft

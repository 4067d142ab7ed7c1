#pragma once
/// The configuration's own rules of privacy, `[privacy]` in croft.toml: patterns, word lists, and
/// what is never flagged.
///
/// Patterns are regular expressions that are searched in linear time (RE2: no look-around, no
/// back-references).
/// Threads: immutable once made; any number may apply it.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "router/privacy/custom/word_list.h"
#include "router/privacy/find_entities.h"

namespace croft::privacy {

struct CustomPattern {
  EntityType type;
  std::string regex;
  float score = 0.6f;                ///< 0: only with a word of `context` nearby
  std::vector<std::string> context;  ///< words that raise the score by 0.35
};

class CustomRules {
 public:
  static constexpr std::size_t patterns_max = 100;
  static constexpr std::size_t context_words_max = 50;  ///< of a pattern
  static constexpr std::size_t allow_max = 10'000;

  CustomRules();
  ~CustomRules();
  CustomRules(CustomRules&&) noexcept;
  CustomRules& operator=(CustomRules&&) noexcept;

  /// Errors: InvalidArgument: the pattern is wrong (RE2 says how), too large, or finds nothing at
  /// every place (it matches the empty text).
  Result<void> add_pattern(CustomPattern pattern);
  void set_words(WordLists words);
  /// Findings that are exactly one of these are dropped, whatever their type. ASCII case does not
  /// count.
  void set_allowed(const std::vector<std::string>& allowed);

  [[nodiscard]] bool empty() const;
  [[nodiscard]] const WordLists& words() const { return words_; }
  /// Adds findings in `text`, then drops the allowed ones of all. False where the deadline passed
  /// first.
  bool apply(std::string_view text, const Clock::time_point* deadline,
             std::vector<Finding>& findings) const;

 private:
  struct Pattern;
  bool find_pattern(const Pattern& pattern, std::string_view text,
                    const Clock::time_point* deadline, std::vector<Finding>& findings) const;

  std::vector<std::unique_ptr<Pattern>> patterns_;
  WordLists words_;
  std::vector<std::string> allowed_;  ///< lower case, sorted
};

}  // namespace croft::privacy

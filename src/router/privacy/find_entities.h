#pragma once
/// Finds personal data and secrets in a text: rules with check digits and context words, a small
/// tagger of names (names/name_model.h), and the rules of the configuration (custom/). No language
/// model. Linear time on any input.
///
/// Units:   offsets are UTF-8 bytes of the text given, at borders of its characters; findings are
/// in
///          order and do not overlap.
/// Threads: any number, each with its own FindScratch.
/// Scores:  1.0 where check digits or a fixed form leave no doubt, 0.85 with a telling word nearby,
///          0.5 to 0.75 for a form alone, 0.5 to 0.9 for names.
/// Limits:  names in other than Latin letters are not found.

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "router/privacy/entity_type.h"
#include "router/privacy/fold.h"
#include "router/privacy/names/name_model.h"

namespace croft::privacy {

class CustomRules;

struct Finding {
  EntityType type;
  std::size_t start;
  std::size_t end;  ///< one past the last byte
  float score;
  bool operator==(const Finding&) const = default;
};

/// Memory that is used again from text to text. Not for several threads at once.
struct FindScratch {
  FoldedText folded;
  std::vector<Finding> findings;
  NameScratch names;
  std::vector<NameSpan> spans;
  const NameModel* model = nullptr;     ///< null: the one that is part of the program
  const CustomRules* custom = nullptr;  ///< of the configuration; null: none
  bool without_names = false;           ///< rules only, without the tagger
};

/// Whether a text is a word of a program, to which the tagger of names has nothing to say: ASCII
/// letters, digits and `_-./:$` from a small letter on, as in "max_tokens", "croft/auto".
[[nodiscard]] bool is_program_word(std::string_view text);

/// All findings, whatever their type. The span lives until the scratch is used again.
[[nodiscard]] std::span<const Finding> find_entities(std::string_view text, FindScratch& scratch);

/// The time that the calling thread has computed: a machine with much to do must not make requests
/// look as if they could not be examined.
struct Clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
  [[nodiscard]] static time_point now() noexcept;
};
/// As find_entities; nothing where `deadline` passed before the text's end (looked at every 16 KiB,
/// so that it may be late by some 0.3 ms).
[[nodiscard]] std::optional<std::span<const Finding>> find_entities_until(
    std::string_view text, Clock::time_point deadline, FindScratch& scratch);

}  // namespace croft::privacy

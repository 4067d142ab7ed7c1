#pragma once
/// Everything that rules look at, as the gates found it. What may be missing is optional: missing
/// is never taken for a value.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace croft {

struct IntentSignal {
  std::string_view label;  ///< empty: the model answered that it knows no such intent
  double probability = 0.0;
};

enum class SensitivitySignal : std::uint8_t {
  Unknown,  ///< not examined, the detector failed, or it took too long
  None,
  Found,
};

/// Views: the texts live as long as the request.
struct GateSignals {
  std::string_view text;          ///< the last user message
  std::string_view folded;        ///< `text` with its ASCII letters in lower case
  std::size_t characters = 0;     ///< of `text`
  std::size_t total_bytes = 0;    ///< text of the whole conversation
  std::size_t tokens = 0;         ///< of the whole prompt, estimated, rather too many than too few
  std::size_t answer_tokens = 0;  ///< that the caller allows, else what the server would

  bool tools = false;
  bool json = false;
  bool images = false;
  std::optional<bool> code;
  std::optional<IntentSignal> intent;        ///< none: no model, or it failed
  std::optional<std::string_view> language;  ///< none: not examined, or too short or mixed to say
  SensitivitySignal sensitivity = SensitivitySignal::Unknown;
  std::span<const std::string_view> entities;  ///< what was found

  std::string_view tenant;                            ///< empty: none
  std::optional<std::chrono::milliseconds> deadline;  ///< from now
  std::optional<double> budget_left;                  ///< of the tenant; none: it has no budget
  std::uint64_t draw = 0;                             ///< a random number, for order by weight
};

/// Local time, as rules about hours need it.
struct WallClock {
  int weekday = 0;  ///< 0: Monday
  int minute = 0;   ///< of the day, 0 to 1439
};

}  // namespace croft

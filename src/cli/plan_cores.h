#pragma once
/// What one core more would bring, from times measured with several numbers of threads.

#include <cstddef>
#include <optional>
#include <span>

#include "engine/capacity.h"

namespace croft::cli {

/// Seconds of three steps that are bound by different things.
struct ThreadTimes {
  std::size_t threads = 1;
  double prompt_s = 0.0;      ///< many tokens of a prompt
  double answer_one_s = 0.0;  ///< one sequence that decodes
  double answers_s = 0.0;     ///< as many sequences as were measured
};

struct CoreGain {
  StepScale low;
  StepScale high;
};

/// Factors for one thread more than the last entry has. High: Amdahl's law, fitted to the entries
/// (seconds = serial + parallel / threads). Low: half of that gain, and none where one sequence
/// decodes, because memory may have nothing left to give. Nothing where fewer than two numbers of
/// threads were measured.
[[nodiscard]] std::optional<CoreGain> one_core_more(std::span<const ThreadTimes> measured);

}  // namespace croft::cli

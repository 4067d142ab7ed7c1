#pragma once
/// The outcome columns that RouteLLM publishes (arXiv:2406.18665): whether Mixtral-8x7B (weak) and
/// GPT-4 (strong) answered each question of MMLU and GSM8K correctly.

#include <cstddef>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "router/bench/outcome_pairs.h"

namespace croft {

struct RouteLlmSet {
  OutcomePairs pairs;
  std::size_t files = 0;
};

/// `folder` is as the repository lays it out: mmlu/responses/mmlu_*.csv. nullopt where there is
/// no such folder or file. Errors: InvalidArgument (a column missing, an outcome that is neither
/// True nor False); Io; TooLarge.
Result<std::optional<RouteLlmSet>> read_routellm_mmlu(const std::filesystem::path& folder);
/// gsm8k/gsm8k_responses.csv, likewise.
Result<std::optional<RouteLlmSet>> read_routellm_gsm8k(const std::filesystem::path& folder);

}  // namespace croft

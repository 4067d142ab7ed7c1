#pragma once
/// The figures of one recorded task with one local model beside the cloud's: accuracies, frontiers
/// of prompt-only, confidence and agreement, and contracts.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "router/bench/recorded_file.h"
#include "router/bench/recorded_prompts.h"
#include "router/bench/recorded_signals.h"
#include "router/bench/router_figures.h"
#include "router/confidence/calibration.h"

namespace croft {

/// "At most `max_worse` of the local answers are worse than the cloud's, 95 % sure": a calibration,
/// or why there is none.
struct ContractOutcome {
  double max_worse = 0.05;
  std::optional<Calibration> made;
  std::string refusal;
};

/// Rows for which further answers were drawn.
struct AgreementFigures {
  PairAccuracy accuracy;
  std::vector<RouterFigures> routers;
};

struct PairReport {
  std::string task, local, cloud;
  PairAccuracy accuracy;
  std::vector<RouterFigures> routers;  ///< random, prompt only, confidence by points, oracle
  std::optional<AgreementFigures> agreement;
  std::vector<ContractOutcome> contracts;
  std::vector<std::string> left_out;  ///< what the data did not allow, and why
  std::string rows_text;              ///< labelled rows (docs/formats/calibration.md)

  // For mixes of tasks: row by row, by the confidence at the end.
  std::vector<double> weak, strong, staying;
  std::vector<double> prompt_staying;  ///< empty without prompts
  std::vector<std::uint32_t> folds;
  std::vector<double> cloud_cost, local_cost;
};

struct CorpusOptions {
  std::uint32_t folds = 5;
  std::uint64_t seed = 1;
  std::size_t resamples = 1000;
  std::uint32_t early_tokens = 16;
  std::size_t threads = 0;
  AnswerPrices cloud_prices;
  AnswerPrices local_prices;
  std::vector<double> max_worse = {0.05, 0.1, 0.2};
};

/// Rows that both files have, in the order of `local`. `prompts` may be null.
/// Errors: InvalidArgument (files of different tasks); Unproven (fewer than 50 rows in common).
Result<PairReport> bench_pair(const RecordedFile& local, const RecordedFile& cloud,
                              const PromptsById* prompts, const CorpusOptions& options);

}  // namespace croft

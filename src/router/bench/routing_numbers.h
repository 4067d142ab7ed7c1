#pragma once
/// All figures of the router from recorded outcomes, in one call: what `croft route bench` prints.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "router/bench/recorded_pair.h"
#include "router/bench/router_figures.h"
#include "router/bench/task_mix.h"

namespace croft {

/// A task of the mix and what share of the requests it has; the weights are divided by their sum.
struct MixShare {
  std::string task;
  double weight = 0.0;
};

struct RoutingBenchOptions {
  std::filesystem::path data;      ///< public sets; empty: none
  std::filesystem::path recorded;  ///< files of bench/router/record.py
  std::string cloud;               ///< the recorded model that stands for the cloud
  CorpusOptions corpus;
  std::vector<MixShare> mix;
  double max_loss = 0.05;  ///< of the mix, and what the frontiers' target leaves
  std::size_t sweep_resamples = 200;
};

/// A public set of outcomes through gates only.
struct PublishedReport {
  std::string name;
  std::size_t files = 0;
  PairAccuracy accuracy;
  std::vector<RouterFigures> routers;  ///< random, prompt only twice, oracle
};

struct MixPoint {
  std::vector<double> weights;
  MixFigures figures;
};

/// One local model over the mix. Weights are those of `tasks`, normalised.
struct MixReport {
  std::string local;
  std::vector<std::string> tasks;
  std::vector<double> weights;
  std::vector<std::string> without_data;  ///< tasks of the mix that have no figures
  double weight_without_data = 0.0;       ///< their share of the whole mix
  MixFigures confidence;
  std::optional<MixFigures> prompt;  ///< where every task has prompts
  std::vector<MixFigures> alone;     ///< each task by itself
  std::size_t hardest = 0;           ///< the task that keeps least local
  std::vector<MixPoint> sweep;       ///< the share of `hardest` from 0 to 1, the rest in proportion
  std::vector<MixPoint> grid;        ///< all mixes in steps
};

struct RoutingNumbers {
  std::vector<PublishedReport> published;
  std::vector<PairReport> pairs;
  std::vector<MixReport> mixes;
  std::vector<std::string> skipped;  ///< inputs that were not there, or could not be used, and why
};

/// Told steps done and steps in all.
using RoutingBenchProgress = std::function<void(std::size_t, std::size_t)>;

/// What is missing is skipped and said in `skipped`; what is there and wrong is an error. The
/// figures depend on the files and the options, not on threads or time.
/// Errors: as the readers; Cancelled.
Result<RoutingNumbers> measure_routing(const RoutingBenchOptions& options,
                                       const RoutingBenchProgress& progress, std::stop_token stop);

}  // namespace croft

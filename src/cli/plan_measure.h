#pragma once
/// Measures the rates that a plan is made from, with the engine that would serve.

#include "base/error.h"
#include "cli/plan_rates.h"
#include "engine/engine.h"

namespace croft::cli {

/// Measures with 1, 2, 4 ... and all threads of `options`, alternating, medians of three rounds; a
/// slow machine gets fewer. Takes some seconds with a small model. `options` are those of the
/// server (nothing zero): parallel, context, prefill_chunk, kv_type, threads. The memory that is
/// free now counts as what a server may take. Requires: a model that generates text. Errors: the
/// engine's; Unsupported (a context too short to measure in); Unavailable (too busy to measure).
Result<MachineRates> measure_rates(const std::shared_ptr<const Model>& model,
                                   const EngineOptions& options);

}  // namespace croft::cli

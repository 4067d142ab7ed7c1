#pragma once
/// A decision as people and programs read it, and the dry run over labelled prompts.

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "router/policy/decide.h"

namespace croft {

inline constexpr std::size_t dry_run_rows_max = 100;

/// The whole trace: mode, reason, candidates with estimated costs, what was left out and why, and
/// for each rule looked at every condition with its answer.
[[nodiscard]] json::object decision_json(const RouterConfig& config, const RouteDecision& decision,
                                         const GateSignals& signals, WallClock now);
/// The same for a terminal, several lines.
[[nodiscard]] std::string decision_text(const RouterConfig& config, const RouteDecision& decision,
                                        const GateSignals& signals, WallClock now);

/// A rule's or the default's name: "default" where no rule matched.
[[nodiscard]] std::string_view decided_by(const RouteDecision& decision);

struct DryRunRow {
  std::string name;  ///< "line 3", for errors
  GateSignals signals;
  std::string expected;  ///< a mode, a candidate, a rule or "default"; empty: not labelled
};

/// Decides every row and compares. {"rows": [{"mode", "candidate", "rule", "expected", "right"}],
/// "labelled", "right", "accuracy", "confusion": {"labels": [...], "counts": [[...]]}}; counts are
/// by expected label, then by what was decided. Errors: TooLarge (more than dry_run_rows_max rows);
/// InvalidArgument (a label that names nothing; the row is named, with a near name).
Result<json::object> dry_run(const RouterConfig& config, const RouteConfig& route,
                             const std::vector<DryRunRow>& rows, WallClock now);

}  // namespace croft

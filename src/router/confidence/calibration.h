#pragma once
/// A calibration: models, thresholds and the promise that they keep, tied to one model and one
/// template. What `croft route calibrate` makes and a server loads.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "router/confidence/confidence_model.h"
#include "router/confidence/held_out.h"
#include "router/confidence/risk_evidence.h"
#include "router/confidence/serving_rule.h"

namespace croft {

enum class CalibrationMethod : std::uint8_t {
  LearnThenTest,         ///< risk among the served, with confidence
  ConformalRiskControl,  ///< risk over all traffic, in expectation
};
/// "ltt" or "crc".
[[nodiscard]] std::string_view calibration_method_text(CalibrationMethod method);

/// The three parts that the rows were split into.
struct CalibrationRows {
  std::int64_t fit = 0;
  std::int64_t calibrate = 0;
  std::int64_t test = 0;
  [[nodiscard]] std::int64_t all() const { return fit + calibrate + test; }
};

/// What to do with an answer at a decision point.
enum class ServingDecision : std::uint8_t {
  GoOn,     ///< nothing speaks against it yet
  Serve,    ///< the last point is passed: the local answer will do
  Escalate  ///< below the threshold, or not to be judged
};

struct Calibration {
  CalibrationMethod method = CalibrationMethod::LearnThenTest;
  double max_worse = 0.05;
  double confidence = 0.95;  ///< of Learn then Test, and of the intervals
  LossKind kind = LossKind::Binary;
  bool against_cloud = false;  ///< worse than the cloud; false: not acceptable
  DecisionPoint decide_at = DecisionPoint::End;
  std::uint32_t early_tokens = 0;  ///< when the early point comes; 0: not recorded
  std::string task;                ///< empty: whatever the rows held
  std::string model_digest;        ///< of the local model; empty only before it is written
  std::string template_hash;
  std::string created;      ///< UTC, "2026-01-31T23:59:59Z"
  std::string data_digest;  ///< SHA-256 of the labelled rows' file
  std::uint64_t seed = 0;   ///< of the split
  CalibrationRows rows;
  /// The part that proved it: how many were served there, their losses, and the p-value (0 for
  /// conformal risk control, which has none).
  std::int64_t proof_served = 0;
  double proof_loss_sum = 0.0;
  double proof_p_value = 0.0;
  std::array<std::optional<ConfidenceModel>, decision_point_count> models;
  ServingRule rule;
  HeldOut held_out;  ///< without bins when read from a file

  /// Decides at a point. A point without a model goes on; `decide_at` has one and never does.
  /// Allocates nothing. Safe from any thread.
  [[nodiscard]] ServingDecision decide(DecisionPoint point,
                                       const ConfidenceFeatures& features) const;
  /// Errors: InvalidArgument where it was made for another model or template, naming both.
  [[nodiscard]] Result<void> matches(std::string_view model_digest_now,
                                     std::string_view template_hash_now) const;
};

}  // namespace croft

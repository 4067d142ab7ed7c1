// How a calibration is written: one member a line, so that people and diff can read it too.
#include <array>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "io/atomic_file.h"
#include "io/sha256.h"
#include "router/confidence/calibration_file.h"

namespace croft {
namespace {

std::string number(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 9)
          .ptr;
  return {text.data(), end};
}

std::string quoted_text(std::string_view text) {
  return json::serialize(json::string(text));
}

/// Members of one object, indented.
class Members {
 public:
  explicit Members(std::size_t depth) : indent_(2 * depth, ' ') {}
  Members& raw(std::string_view name, const std::string& value) {
    text_ += (text_.empty() ? "" : ",\n") + indent_ + quoted_text(name) + ": " + value;
    return *this;
  }
  Members& text(std::string_view name, std::string_view value) {
    return raw(name, quoted_text(value));
  }
  Members& real(std::string_view name, double value) { return raw(name, number(value)); }
  Members& count(std::string_view name, std::uint64_t value) {
    return raw(name, std::to_string(value));
  }
  Members& count(std::string_view name, std::int64_t value) {
    return raw(name, std::to_string(value));
  }
  [[nodiscard]] const std::string& inner() const { return text_; }
  [[nodiscard]] std::string object() const {
    return "{\n" + text_ + "\n" + indent_.substr(2) + "}";
  }

 private:
  std::string indent_;
  std::string text_;
};

std::string interval(const ShareInterval& ends) {
  return "[" + number(ends.low) + ", " + number(ends.high) + "]";
}

std::string term_text(const ConfidenceTerm& term) {
  return R"({"feature": )" + quoted_text(traits(term.feature).name) + R"(, "mean": )" +
         number(term.mean) + R"(, "scale": )" + number(term.scale) + R"(, "weight": )" +
         number(term.weight) + R"(, "missing": )" +
         (term.missing_weight ? number(*term.missing_weight) : "null") + "}";
}

std::string model_text(DecisionPoint point, const ConfidenceModel& model, double threshold) {
  std::string terms, curve;
  for (const ConfidenceTerm& term : model.terms())
    terms += (terms.empty() ? "\n        " : ",\n        ") + term_text(term);
  for (const CurvePoint& corner : model.curve())
    curve += (curve.empty() ? "[" : ", [") + number(corner.x) + ", " + number(corner.y) + "]";
  return Members(3)
      .text("point", decision_point_text(point))
      .real("threshold", threshold)
      .real("intercept", model.intercept())
      .raw("terms", "[" + terms + "\n      ]")
      .raw("isotonic", "[" + curve + "]")
      .object();
}

std::string held_out_text(const HeldOut& seen) {
  Members out(2);
  out.count("rows", seen.rows)
      .count("served", seen.served)
      .real("risk", seen.risk)
      .raw("risk_interval", interval(seen.risk_interval))
      .real("traffic_risk", seen.traffic_risk)
      .real("local_risk", seen.local_risk)
      .real("coverage", seen.coverage)
      .real("escalation", seen.escalation)
      .raw("escalation_interval", interval(seen.escalation_interval))
      .raw("escalated_at", "[" + number(seen.escalated_at[0]) + ", " +
                               number(seen.escalated_at[1]) + ", " + number(seen.escalated_at[2]) +
                               "]")
      .real("ece", seen.ece)
      .real("brier", seen.brier)
      .raw("auc", seen.auc ? number(*seen.auc) : "null")
      .raw("saved", seen.saved ? number(*seen.saved) : "null");
  return out.object();
}

Result<void> check_complete(const Calibration& calibration) {
  const auto lacks = [](const char* what, const char* hint) {
    return fail(ErrorCode::InvalidArgument,
                std::string("the calibration cannot be kept: ") + what + " is not known", hint);
  };
  if (calibration.model_digest.empty())
    return lacks("the local model's digest",
                 "Give --model-digest, or \"model_digest\" in the header line of the rows.");
  if (calibration.template_hash.empty())
    return lacks("the chat template's hash",
                 "Give --template-hash, or \"template_hash\" in the header line of the rows.");
  if (calibration.models[1] && calibration.early_tokens == 0)
    return lacks("after how many tokens the early point comes",
                 "Give --early-tokens, or \"early_tokens\" in the header line of the rows.");
  return {};
}

}  // namespace

Result<std::string> calibration_text(const Calibration& calibration) {
  TRY(check_complete(calibration));
  std::string models;
  for (std::size_t point = 0; point < decision_point_count; ++point)
    if (calibration.models[point])
      models += (models.empty() ? "\n    " : ",\n    ") +
                model_text(static_cast<DecisionPoint>(point), *calibration.models[point],
                           calibration.rule.thresholds[point]);
  Members out(1);
  out.count("croft_calibration", calibration_format_version)
      .text("created", calibration.created)
      .text("method", calibration_method_text(calibration.method))
      .real("max_worse", calibration.max_worse)
      .real("confidence", calibration.confidence)
      .text("loss", calibration.kind == LossKind::Binary ? "binary" : "bounded")
      .text("against", calibration.against_cloud ? "cloud" : "acceptable")
      .text("decide_at", decision_point_text(calibration.decide_at))
      .count("early_tokens", std::uint64_t{calibration.early_tokens})
      .text("task", calibration.task)
      .text("model_digest", calibration.model_digest)
      .text("template_hash", calibration.template_hash)
      .raw("data", Members(2)
                       .text("digest", calibration.data_digest)
                       .text("seed", std::to_string(calibration.seed))
                       .count("fit", calibration.rows.fit)
                       .count("calibrate", calibration.rows.calibrate)
                       .count("test", calibration.rows.test)
                       .object())
      .raw("proof", Members(2)
                        .count("served", calibration.proof_served)
                        .real("losses", calibration.proof_loss_sum)
                        .real("p_value", calibration.proof_p_value)
                        .object())
      .raw("points", "[" + models + "\n  ]")
      .raw("held_out", held_out_text(calibration.held_out));
  return with_content_digest("{\n" + out.inner() + ",\n");
}

std::string with_content_digest(std::string_view body) {
  return std::string(body) + "  \"content_digest\": \"" +
         sha256_hex(std::as_bytes(std::span(body))) + "\"\n}\n";
}

Result<void> save_calibration(const Calibration& calibration, const std::filesystem::path& path) {
  return write_file_atomically(path, TRY(calibration_text(calibration)));
}

}  // namespace croft

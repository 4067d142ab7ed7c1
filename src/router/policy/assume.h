#pragma once
/// Signals given by hand, to try rules before, or without, the gates that would find them.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "router/policy/signals.h"

namespace croft {

class AssumedSignals {
 public:
  /// "sensitivity" = none, unknown or entities; "intent" = LABEL or LABEL:PROBABILITY, none for no
  /// such intent; "language" = CODE; "code" = true or false; "tokens", "answer_tokens",
  /// "deadline_ms" = N; "budget_left" = X; "draw" = N. Errors: InvalidArgument.
  Result<void> add(std::string_view assignment);  ///< "KEY=VALUE"

  /// Replaces what was assumed. The signals point into this object.
  void apply(GateSignals& signals) const;

 private:
  Result<void> add_intent(std::string_view value);
  Result<void> add_sensitivity(std::string_view value);

  std::string intent_label_;
  std::string language_;
  std::vector<std::string> entities_;
  std::vector<std::string_view> entity_views_;
  GateSignals values_;
  bool has_intent_ = false;
  bool has_language_ = false;
  bool has_sensitivity_ = false;
  bool has_code_ = false;
  bool has_tokens_ = false;
  bool has_answer_tokens_ = false;
  bool has_draw_ = false;
};

}  // namespace croft

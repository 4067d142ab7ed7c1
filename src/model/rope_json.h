#pragma once
/// The rotary part of config.json.

#include "base/json.h"
#include "model/config.h"

namespace croft {

/// Fills config.rope. Requires head_size, context_length and architecture to be set.
/// Errors: Unsupported (rope type named); Corrupt (key named).
Result<void> read_rope(const json::value& config_json, ModelConfig& config);

}  // namespace croft

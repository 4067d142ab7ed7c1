#pragma once
/// Which layers slide and which rotate, as each family's config.json tells it.

#include "base/error.h"
#include "base/json.h"
#include "model/config.h"

namespace croft {

/// Fills window, layer_slides and layer_ropes. Requires: architecture and layer_count are set.
/// Errors: Corrupt (a list of another length); Unsupported (a kind of layer Croft does not have).
Result<void> read_layer_kinds(const json::value& config, ModelConfig& out);

}  // namespace croft

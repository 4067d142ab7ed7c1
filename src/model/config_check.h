#pragma once
/// Shared by the two readers of a configuration (GGUF and config.json).

#include <optional>
#include <string>
#include <string_view>

#include "model/config.h"

namespace croft {

/// GGUF's architecture name to ours.
[[nodiscard]] std::optional<Architecture> find_architecture(std::string_view gguf_name);

/// The error for a model whose architecture Croft does not have: names it and lists those
/// supported.
[[nodiscard]] std::unexpected<Error> unsupported_architecture(std::string_view name);

/// Checks every number's range and how they fit together, so that later code may multiply and index
/// freely.
Result<void> check_config(const ModelConfig& config);

/// "12" or "1.5e-05": a number as error messages show it.
[[nodiscard]] std::string short_number(double value);

}  // namespace croft

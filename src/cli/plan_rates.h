#pragma once
/// The rates of a machine as a document: what `croft plan --json` prints and --rates reads.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "cli/plan_cores.h"
#include "engine/capacity.h"

namespace croft::cli {

/// Of a measurement: what the machine would need at best / what it took.
struct BoundBy {
  std::string name;  ///< "arithmetic" or "bandwidth"
  double fraction = 0.0;
};

struct MachineRates {
  std::string model;
  std::string cpu;
  std::string isa;
  std::string kv_type;
  std::size_t context = 0;  ///< positions: the model's own, at most 8192
  StepRates steps;
  /// Ascending; the last entry is how `steps` was measured.
  std::vector<ThreadTimes> threads;
  BoundBy prompt_bound, answer_one_bound, answers_bound;
  std::uint64_t weights_bytes = 0;
  std::uint64_t work_bytes = 0;     ///< buffers of a step, logits, the program
  std::uint64_t kv_page_bytes = 0;  ///< keys and values of kv_block_positions
  std::uint64_t kv_bytes_max = 0;   ///< what a server there would take for keys and values
};

/// Numbers to six digits.
[[nodiscard]] json::object rates_json(const MachineRates& rates);

/// Reads such an object, or a document with one as `rates`. Every number is checked: hostile input
/// meets its limits here. Errors: InvalidArgument, `what` and the field named.
Result<MachineRates> parse_rates(std::string_view text, std::string_view what);

}  // namespace croft::cli

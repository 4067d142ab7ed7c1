// Goal: no document makes the reader of rates crash or hang; what it hands out can be planned with.
// Method: parse any bytes, check every number's promise, price a step.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cli/plan_rates.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto rates = cli::parse_rates(text, "rates.json");
  if (!rates) {
    CHECK(rates.error().code == ErrorCode::InvalidArgument);
    CHECK(rates.error().message.find("rates.json") != std::string::npos);
    return 0;
  }
  CHECK(rates->steps.check().has_value());
  CHECK(!rates->threads.empty() && rates->kv_page_bytes > 0 && rates->kv_bytes_max > 0);
  const StepCost cost(rates->steps);
  CHECK(cost.seconds({}) == 0.0);
  if (const auto gain = cli::one_core_more(rates->threads))
    for (const StepScale& scale : {gain->low, gain->high})
      CHECK(std::isfinite(scale.prompt) && scale.prompt > 0.0 && scale.prompt <= 1.0);
  return 0;
}

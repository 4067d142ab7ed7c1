// Goal: no file of a calibration makes the reader crash; what it accepts can be used and written
// again with the same bytes' meaning.
// Method: any bytes as they are, and again as a body with the right digest, or nothing would ever
// get past it.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "router/confidence/calibration_file.h"

namespace {

using namespace croft;

void check(std::string_view text) {
  const auto read = parse_calibration(text, "file");
  if (!read) {
    CHECK(read.error().code == ErrorCode::Corrupt || read.error().code == ErrorCode::Unsupported);
    return;
  }
  ConfidenceFeatures some;
  some[ConfidenceFeature::LogprobMean] = -0.5;
  for (std::size_t point = 0; point < decision_point_count; ++point) {
    const auto& model = read->models[point];
    for (const ConfidenceFeatures& features : {ConfidenceFeatures(), some})
      if (const auto score = model ? model->score(features) : std::nullopt)
        CHECK(*score >= 0.0 && *score <= 1.0);
    (void)read->decide(static_cast<DecisionPoint>(point), some);
  }
  const auto written = calibration_text(*read);
  CHECK(written.has_value());
  const auto again = parse_calibration(*written, "file");
  CHECK(again.has_value() && calibration_text(*again).value() == *written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  const std::size_t line = text.rfind("  \"content_digest\": ");
  if (line != std::string_view::npos) check(with_content_digest(text.substr(0, line)));
  return 0;
}

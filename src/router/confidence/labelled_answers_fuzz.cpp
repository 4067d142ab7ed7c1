// Goal: no labelled rows make the reader crash, and what it accepts is within its ranges.
// Method: parse any bytes; then calibrate on what was accepted.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "router/confidence/calibrate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto answers = parse_labelled_answers(text, "rows");
  if (!answers) {
    CHECK(answers.error().code != ErrorCode::Internal);
    CHECK(answers.error().message.find("rows") != std::string::npos);
    return 0;
  }
  CHECK(!answers->rows.empty());
  for (const LabelledAnswer& row : answers->rows)
    CHECK(row.loss >= 0.0 && row.loss <= 1.0 && !row.id.empty());
  const auto made = calibrate(*answers, {.max_worse = 0.9, .confidence = 0.1});
  CHECK(made || made.error().code != ErrorCode::Internal);
  return 0;
}

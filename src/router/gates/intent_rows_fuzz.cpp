// Goal: no bytes in a file of labelled rows crash the reader or the training, and every error names
// the line. Method: parse the bytes, and train on what is accepted if it is little.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "router/gates/intent_trainer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const auto rows = parse_intent_rows({reinterpret_cast<const char*>(data), size}, "rows");
  if (!rows) {
    CHECK(rows.error().message.starts_with("rows:"));
    return 0;
  }
  if (rows->rows.size() > 32) return 0;
  const auto training =
      train_intents(*rows, {.features = {.bucket_bits = 12}, .folds = 2, .threads = 1});
  if (!training) {
    CHECK(training.error().code == ErrorCode::InvalidArgument);
    return 0;
  }
  CHECK(training->held_out.size() == rows->rows.size());
  return 0;
}

// Goal: no drift file makes the reader crash, and what it takes can be written again with the same
// meaning. Method: any bytes, read as a known route's.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "router/confidence/drift_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const DriftOwner owner{.route = "r", .calibration_digest = "d"};
  const DriftOptions options{.max_worse = 0.05, .delta = 0.05};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto read = parse_drift_file(text, "file", owner, options);
  if (!read) {
    CHECK(read.error().code == ErrorCode::Corrupt);
    return 0;
  }
  if (!*read) return 0;
  const auto again = parse_drift_file(drift_file_text(owner, **read), "file", owner, options);
  CHECK(again.has_value() && again->has_value());
  CHECK((*again)->state().alarmed == (*read)->state().alarmed);
  CHECK((*again)->state().updates == (*read)->state().updates);
  CHECK((*read)->update(1.0).has_value());
  return 0;
}

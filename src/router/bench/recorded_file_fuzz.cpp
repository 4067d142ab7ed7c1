// Goal: no bytes crash the reader of recordings, and what it accepts gives rows that `croft route
// calibrate` reads.
// Method: parse the bytes; write what is accepted as labelled rows, and read those.
#include "router/bench/recorded_file.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "router/bench/recorded_signals.h"
#include "router/confidence/labelled_answers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const auto file = parse_recorded({reinterpret_cast<const char*>(data), size}, "file");
  if (!file || file->rows.empty()) return 0;
  std::vector<RecordedPair> pairs;
  for (const RecordedAnswer& answer : file->rows) pairs.push_back({&answer, &answer});
  const std::string text = labelled_rows_text(*file, *file, pairs, 1, {.in = 1.0, .out = 4.0});
  const auto rows = parse_labelled_answers(text, "rows");
  // A foreign name may hold what no digest has; all else must be readable.
  if (!rows) {
    CHECK(!is_digest_text(file->model_digest));
    return 0;
  }
  CHECK(rows->rows.size() == file->rows.size());
  return 0;
}

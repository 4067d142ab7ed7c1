// Goal: no bytes crash the reader of comma-separated values, and what it accepts is a table.
// Method: parse the bytes; every row must have the header's length.
#include "router/bench/csv_table.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto table = croft::parse_csv({reinterpret_cast<const char*>(data), size}, "table");
  if (!table) {
    CHECK(table.error().message.starts_with("table"));
    return 0;
  }
  for (const auto& row : table->rows) CHECK(row.size() == table->header.size());
  return 0;
}

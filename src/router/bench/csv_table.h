#pragma once
/// Tables as comma-separated values, RFC 4180: fields in double quotes may hold commas, line ends
/// and doubled quotes. The bytes are foreign.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace croft {

inline constexpr std::size_t csv_rows_max = 1'000'000;
inline constexpr std::size_t csv_columns_max = 256;

struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each as long as the header

  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
};

/// The first record is the header; empty lines between records are passed over. `what` names the
/// text in messages. Errors: InvalidArgument (a quote that is not closed or has text behind it, a
/// row of another length, each with its line; no header); TooLarge.
Result<CsvTable> parse_csv(std::string_view text, std::string_view what);

}  // namespace croft

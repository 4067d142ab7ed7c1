#pragma once
/// The lines of a price list's text, each checked field by field.

#include <string_view>

#include "base/error.h"
#include "store/prices/price_list.h"

namespace croft {

/// Line 1: {"format": "croft-prices-1", "date": "..."}. The date. Errors: InvalidArgument.
Result<std::string> read_price_header(std::string_view line, std::string_view what);

/// Any other line that is not blank. Errors: InvalidArgument, with the line and field in the
/// message.
Result<ModelPrice> read_price_line(std::string_view line, std::size_t line_number,
                                   std::string_view what);

}  // namespace croft

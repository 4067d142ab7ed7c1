#pragma once
/// Lines out of bytes that arrive in pieces, with a limit on the line. Linear time: each byte is
/// looked at once and copied at most once.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft::dialects {

enum class LineEnding : std::uint8_t {
  Any,       ///< CR, LF or CRLF: event streams
  LineFeed,  ///< LF; a CR before it is dropped: NDJSON
};

class LineSplitter {
 public:
  LineSplitter(LineEnding ending, std::size_t line_bytes_max)
      : ending_(ending), line_bytes_max_(line_bytes_max) {}

  /// Gives every line that is complete, without its ending; the view is valid during the call.
  /// `take` returns false to stop: the rest of `bytes` is dropped. Errors: TooLarge where a line
  /// passes the limit; the splitter must not be fed again.
  Result<void> feed(std::string_view bytes, const std::function<bool(std::string_view)>& take);

  /// What came after the last line ending.
  [[nodiscard]] std::string_view rest() const { return line_; }

 private:
  [[nodiscard]] std::size_t find_end(std::string_view bytes) const;

  LineEnding ending_;
  std::size_t line_bytes_max_;
  std::string line_;
  bool skip_line_feed_ = false;  ///< a CR ended the last line: an LF next belongs to it
};

}  // namespace croft::dialects

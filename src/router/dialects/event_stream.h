#pragma once
/// Server-sent events out of bytes that arrive in pieces: the line format of the HTML standard,
/// section 9.2.6 ("Interpreting an event stream").

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "router/dialects/line_splitter.h"

namespace croft::dialects {

/// Valid during the call that gives it.
struct StreamEvent {
  std::string_view name;  ///< of the `event:` field; empty where there was none
  std::string_view data;  ///< the `data:` lines, joined by LF; a bare `data:` gives an empty one
};

/// Knows CR, LF and CRLF, comments, data of many lines, a byte order mark and fields without a
/// colon. Events without a `data` line are not given, and an event that the end of the stream cuts
/// is not either. `id` and `retry` have no use here: answers cannot be resumed.
class EventStream {
 public:
  /// `event_bytes_max`: of one event's data, and of one line.
  explicit EventStream(std::size_t event_bytes_max)
      : lines_(LineEnding::Any, event_bytes_max), event_bytes_max_(event_bytes_max) {}

  /// `take` returns false to stop: the rest of `bytes` is dropped. Errors: TooLarge; it must not be
  /// fed again.
  Result<void> feed(std::string_view bytes, const std::function<bool(const StreamEvent&)>& take);

 private:
  /// Whether `line` ends an event that has data.
  bool read_line(std::string_view line);
  void reset_event();

  LineSplitter lines_;
  std::size_t event_bytes_max_;
  std::string name_;
  std::string data_;
  bool has_data_ = false;
  bool first_line_ = true;
  bool too_large_ = false;
};

}  // namespace croft::dialects

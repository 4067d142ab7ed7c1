#pragma once

/// Reads the mock's marks back out of a stream of server-sent events, whoever passed it on.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croft::overhead {

/// A gateway may cut the text anew: marks are looked for in the joined text, and count when they
/// are whole. Threads: one.
class StreamScan {
 public:
  /// Looks at what `body` has beyond the last call. Appends the times that whole marks carry to
  /// `marks`.
  void read(std::string_view body, std::vector<std::int64_t>& marks);
  void restart();

  bool finished = false;  ///< [DONE] came
  bool failed = false;    ///< an event with an error came

 private:
  void read_event(std::string_view event, std::vector<std::int64_t>& marks);

  std::size_t at_ = 0;
  std::string text_;  // the end of the joined text, which may be part of a mark
};

}  // namespace croft::overhead

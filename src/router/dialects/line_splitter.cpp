#include "router/dialects/line_splitter.h"

namespace croft::dialects {

std::size_t LineSplitter::find_end(std::string_view bytes) const {
  return ending_ == LineEnding::LineFeed ? bytes.find('\n') : bytes.find_first_of("\r\n");
}

Result<void> LineSplitter::feed(std::string_view bytes,
                                const std::function<bool(std::string_view)>& take) {
  while (!bytes.empty()) {
    if (skip_line_feed_) {
      skip_line_feed_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const std::size_t end = find_end(bytes);
    std::string_view piece = bytes.substr(0, end);
    if (piece.size() > line_bytes_max_ - line_.size())
      return fail(ErrorCode::TooLarge, "a line of the stream is longer than " +
                                           std::to_string(line_bytes_max_) + " bytes");
    if (end == std::string_view::npos) {
      line_ += piece;
      return {};
    }
    skip_line_feed_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (!line_.empty()) {
      line_ += piece;
      piece = line_;
    }
    if (ending_ == LineEnding::LineFeed && piece.ends_with('\r')) piece.remove_suffix(1);
    const bool more = take(piece);
    line_.clear();
    if (!more) return {};
  }
  return {};
}

}  // namespace croft::dialects

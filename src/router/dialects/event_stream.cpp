#include "router/dialects/event_stream.h"

namespace croft::dialects {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

void EventStream::reset_event() {
  name_.clear();
  data_.clear();
  has_data_ = false;
}

bool EventStream::read_line(std::string_view line) {
  if (first_line_) {
    first_line_ = false;
    if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  }
  if (line.empty()) {
    if (has_data_) return true;
    reset_event();
    return false;
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (value.size() + 1 > event_bytes_max_ - data_.size()) {
      too_large_ = true;
      return false;
    }
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "event") {
    name_ = value;
  }
  return false;
}

Result<void> EventStream::feed(std::string_view bytes,
                               const std::function<bool(const StreamEvent&)>& take) {
  const Result<void> split = lines_.feed(bytes, [&](std::string_view line) {
    if (!read_line(line)) return !too_large_;
    const bool more = take({name_, data_});
    reset_event();
    return more;
  });
  if (!split) return split;
  if (too_large_)
    return fail(ErrorCode::TooLarge, "an event of the stream is longer than " +
                                         std::to_string(event_bytes_max_) + " bytes");
  return {};
}

}  // namespace croft::dialects

#include "stream_scan.h"

#include <charconv>

#include "answers.h"

namespace croft::overhead {

void StreamScan::restart() {
  finished = failed = false;
  at_ = 0;
  text_.clear();
}

void StreamScan::read(std::string_view body, std::vector<std::int64_t>& marks) {
  for (std::size_t end; (end = body.find("\n\n", at_)) != std::string_view::npos; at_ = end + 2) {
    read_event(body.substr(at_, end - at_), marks);
  }
}

void StreamScan::read_event(std::string_view event, std::vector<std::int64_t>& marks) {
  constexpr std::string_view content = "\"content\":";
  if (event.find("[DONE]") != std::string_view::npos) finished = true;
  if (event.find("\"error\"") != std::string_view::npos) failed = true;
  const std::size_t at = event.find(content);
  if (at == std::string_view::npos) return;
  const std::size_t begin = event.find_first_not_of(' ', at + content.size());
  if (begin == std::string_view::npos || event[begin] != '"') return;
  const std::size_t end = event.find('"', begin + 1);
  if (end == std::string_view::npos) return;
  text_ += event.substr(begin + 1, end - begin - 1);
  constexpr std::size_t mark_bytes = mark_begins.size() + mark_digits;
  std::size_t from = 0;
  for (std::size_t mark; (mark = text_.find(mark_begins, from)) != std::string::npos &&
                         mark + mark_bytes <= text_.size();
       from = mark + mark_bytes) {
    std::int64_t time_ns = 0;
    const char* const digits = text_.data() + mark + mark_begins.size();
    std::from_chars(digits, digits + mark_digits, time_ns);
    marks.push_back(time_ns);
  }
  text_.erase(0, from);
}

}  // namespace croft::overhead

#include "http_framing.h"

#include <algorithm>
#include <charconv>

namespace croft::overhead {
namespace {

constexpr std::size_t line_bytes_max = 4096;

bool equal_without_case(std::string_view left, std::string_view lower) {
  return std::ranges::equal(
      left, lower, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool read_number(std::string_view text, int base, std::size_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::size_t Framing::feed(std::string_view data) {
  std::size_t used = 0;
  while (!done && !wrong && used < data.size()) {
    const std::string_view rest = data.substr(used);
    switch (state_) {
      case State::Head:
        used += feed_head(rest);
        break;
      case State::Sized:
      case State::ChunkData:
        used += feed_body(rest);
        break;
      case State::ChunkSize:
      case State::ChunkEnd:
      case State::Trailer:
        used += feed_line(rest);
        break;
    }
  }
  return used;
}

void Framing::restart() {
  done = wrong = false;
  keep_alive = true;
  head.clear();
  body.clear();
  line_.clear();
  state_ = State::Head;
  left_ = 0;
}

int Framing::status() const {
  std::size_t value = 0;
  const bool answer = head.size() >= 12 && head.starts_with("HTTP/1.");
  return answer && read_number(std::string_view(head).substr(9, 3), 10, value)
             ? static_cast<int>(value)
             : 0;
}

std::size_t Framing::feed_head(std::string_view data) {
  const std::size_t before = head.size();
  const std::size_t from = before < 3 ? 0 : before - 3;  // the mark may be split between two pieces
  head.append(data.substr(0, head_bytes_max - before));
  const std::size_t end = head.find("\r\n\r\n", from);
  if (end == std::string::npos) {
    wrong = head.size() >= head_bytes_max;
    return head.size() - before;
  }
  head.resize(end + 4);
  read_head();
  return head.size() - before;
}

void Framing::read_head() {
  std::string_view rest = head;
  rest.remove_prefix(rest.find("\r\n") + 2);
  bool chunked = false, sized = false;
  while (rest.size() > 2) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (equal_without_case(name, "content-length")) {
      sized = read_number(value, 10, left_);
      wrong = wrong || !sized || left_ > body_bytes_max;
    } else if (equal_without_case(name, "transfer-encoding")) {
      chunked = equal_without_case(value, "chunked");
      wrong = wrong || !chunked;
    } else if (equal_without_case(name, "connection")) {
      keep_alive = !equal_without_case(value, "close");
    }
  }
  if (head.starts_with("HTTP/1.")) {
    if (status() == 100) return restart();
    wrong = wrong || (!sized && !chunked && status() != 204);
  }
  state_ = chunked ? State::ChunkSize : State::Sized;
  done = !chunked && left_ == 0;
}

std::size_t Framing::feed_body(std::string_view data) {
  const std::size_t count = std::min(left_, data.size());
  body.append(data.substr(0, count));
  left_ -= count;
  wrong = body.size() > body_bytes_max;
  if (left_ == 0) {
    done = state_ == State::Sized;
    state_ = State::ChunkEnd;
  }
  return count;
}

std::size_t Framing::feed_line(std::string_view data) {
  const std::size_t end = data.find('\n');
  line_.append(data.substr(0, std::min(end, line_bytes_max)));
  wrong = line_.size() > line_bytes_max;
  if (end == std::string_view::npos) return data.size();
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  read_line();
  line_.clear();
  return end + 1;
}

void Framing::read_line() {
  switch (state_) {
    case State::ChunkSize:
      wrong =
          !read_number(trimmed(std::string_view(line_).substr(0, line_.find(';'))), 16, left_) ||
          left_ > body_bytes_max;
      state_ = left_ == 0 ? State::Trailer : State::ChunkData;
      break;
    case State::ChunkEnd:
      wrong = !line_.empty();
      state_ = State::ChunkSize;
      break;
    default:
      done = line_.empty();  // trailers are skipped
  }
}

}  // namespace croft::overhead

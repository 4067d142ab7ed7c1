#include "io/http_receiver.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/limits.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

char lower_one(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

}  // namespace

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower_one);
  return out;
}

std::string_view trim_spaces(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string shown_url(std::string_view url) {
  const std::size_t query = url.find('?');
  if (query == std::string_view::npos) return quote_foreign(url);
  return quote_foreign(std::string(url.substr(0, query)) + "?...");
}

std::unexpected<Error> http_cancelled(const std::string& url) {
  return fail(ErrorCode::Cancelled, "The download from " + shown_url(url) + " was stopped");
}

Result<void> HttpReceiver::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > limits::request_header_bytes_max) {
    return fail(ErrorCode::TooLarge,
                "The headers from " + shown_url(response_.final_url) + " are over 64 KiB",
                "Check the address; this is no ordinary web server.");
  }
  if (line.starts_with("HTTP/")) {  // also after "100 Continue" or a proxy's answer: begin anew
    response_.headers.clear();
    const std::size_t space = line.find(' ');
    const auto status =
        parse_number(space == std::string_view::npos ? "" : line.substr(space + 1, 3));
    response_.status = static_cast<int>(status.value_or(0));
    return {};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  std::string& value = response_.headers[ascii_lower(trim_spaces(line.substr(0, colon)))];
  if (!value.empty()) value += ", ";
  value += trim_spaces(line.substr(colon + 1));
  return {};
}

/// Checks what the headers promise before the first byte is passed on.
Result<void> HttpReceiver::begin_body() {
  body_begun_ = true;
  const auto header = [&](const std::string& name) -> std::string_view {
    const auto it = response_.headers.find(name);
    return it == response_.headers.end() ? std::string_view{} : it->second;
  };
  const auto length = parse_number(header("content-length"));
  if (length && *length > request_.bytes_max) {
    return fail(ErrorCode::TooLarge, shown_url(response_.final_url) + " is " +
                                         std::to_string(*length) + " bytes long, over the " +
                                         std::to_string(request_.bytes_max) + " expected at most");
  }
  if (response_.status == 206) {
    std::string_view range = header("content-range");
    const auto start = range.starts_with("bytes ") ? parse_number(range.substr(6)) : std::nullopt;
    if (start != request_.resume_from) {
      return fail(ErrorCode::Corrupt,
                  shown_url(response_.final_url) + " answered with the range " +
                      quote_foreign(range) + " instead of one from byte " +
                      std::to_string(request_.resume_from),
                  "Delete the partial download and start again.");
    }
  }
  if (request_.on_response && !request_.on_response(response_)) return http_cancelled(request_.url);
  return {};
}

Result<void> HttpReceiver::take_body(std::span<const std::byte> bytes) {
  if (request_.stop.stop_requested()) return http_cancelled(request_.url);
  if (is_redirect()) return {};
  if (!is_success()) {
    constexpr std::size_t kept_bytes_max = 4 * limits::KiB;
    const std::size_t room = kept_bytes_max - response_.error_body.size();
    const auto kept = bytes.first(std::min(room, bytes.size()));
    response_.error_body.append(reinterpret_cast<const char*>(kept.data()), kept.size());
    return {};
  }
  if (!body_begun_) TRY(begin_body());
  if (bytes.size() > request_.bytes_max - response_.body_bytes) {
    return fail(ErrorCode::TooLarge, shown_url(response_.final_url) + " sent more than the " +
                                         std::to_string(request_.bytes_max) +
                                         " bytes expected at most");
  }
  if (!sink_(bytes)) return http_cancelled(request_.url);
  response_.body_bytes += bytes.size();
  return {};
}

Result<void> HttpReceiver::finish() {
  if (is_success() && !body_begun_) return begin_body();  // an empty body
  return {};
}

bool HttpReceiver::is_success() const {
  return response_.status == 200 || response_.status == 206;
}

bool HttpReceiver::is_redirect() const {
  constexpr std::array statuses = {301, 302, 303, 307, 308};
  return std::ranges::find(statuses, response_.status) != statuses.end() &&
         response_.headers.contains("location");
}

}  // namespace croft

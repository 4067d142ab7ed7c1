#include "server/http.h"

#include <array>
#include <cctype>

#include "base/random_bits.h"
#include "server/version.h"

namespace croft {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value)
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  out += "\r\n";
}

std::string hex(std::uint64_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  return text;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const HttpHeader& h : headers)
    if (equals_ignoring_case(h.name, name)) return h.value;
  return {};
}

bool HttpRequest::has_header(std::string_view name) const {
  for (const HttpHeader& h : headers)
    if (equals_ignoring_case(h.name, name)) return true;
  return false;
}

std::string format_response_head(const HttpRequest& request, const HttpResponse& response,
                                 std::optional<std::size_t> body_bytes, bool keep_alive) {
  std::string out = request.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\n";
  append_header(out, "Server", std::string("croft/") + std::string(kVersion));
  if (!request.id.empty()) append_header(out, "x-request-id", request.id);
  if (response.status != 204) append_header(out, "Content-Type", response.content_type);
  // A browser must not guess another type for what a model wrote.
  append_header(out, "X-Content-Type-Options", "nosniff");
  for (const HttpHeader& h : response.headers) append_header(out, h.name, h.value);
  for (const HttpHeader& h : request.response_headers) append_header(out, h.name, h.value);
  if (request.late_headers)
    for (const HttpHeader& h : request.late_headers()) append_header(out, h.name, h.value);
  if (body_bytes) {
    if (response.status != 204) append_header(out, "Content-Length", std::to_string(*body_bytes));
  } else if (!request.http_1_0) {
    append_header(out, "Transfer-Encoding", "chunked");
  }
  append_header(out, "Connection", keep_alive ? "keep-alive" : "close");
  out += "\r\n";
  return out;
}

std::string format_chunk(std::string_view bytes) {
  if (bytes.empty()) return {};
  std::string out;
  for (std::size_t rest = bytes.size(); rest != 0; rest >>= 4)
    out.insert(out.begin(), "0123456789abcdef"[rest & 15]);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
  return out;
}

std::string choose_request_id(std::string_view offered) {
  constexpr std::size_t bytes_max = 128;  // a UUID has 36, a trace id 55
  bool harmless = !offered.empty() && offered.size() <= bytes_max;
  for (const char c : offered) {
    const bool letter_or_digit = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
    harmless = harmless && (letter_or_digit || c == '.' || c == '_' || c == ':' || c == '-');
  }
  return harmless ? std::string(offered) : random_id("req_");
}

std::string random_id(std::string_view prefix) {
  return std::string(prefix) + hex(random_bits(), 16) + hex(random_bits(), 16);
}

}  // namespace croft

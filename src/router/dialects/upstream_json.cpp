#include "router/dialects/upstream_json.h"

#include "text/utf8.h"

namespace croft::dialects {
namespace {

constexpr std::size_t quoted_bytes_max = 500;
constexpr std::size_t escape_bytes = 6;  // \uD83D

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The code unit of an escape \uXXXX at `at`, or nullopt.
std::optional<std::uint32_t> escaped_unit(std::string_view text, std::size_t at) {
  if (at + escape_bytes > text.size() || text[at] != '\\' || text[at + 1] != 'u')
    return std::nullopt;
  std::uint32_t unit = 0;
  for (std::size_t i = at + 2; i < at + escape_bytes; ++i) {
    const int digit = digit_value(text[i]);
    if (digit < 0) return std::nullopt;
    unit = unit * 16 + static_cast<std::uint32_t>(digit);
  }
  return unit;
}

bool is_high(std::uint32_t unit) {
  return (unit & 0xFC00) == 0xD800;
}
bool is_low(std::uint32_t unit) {
  return (unit & 0xFC00) == 0xDC00;
}

void append_half(std::string& out, std::uint32_t unit) {
  out += '\xED';
  out += static_cast<char>(0x80u | ((unit >> 6) & 0x3Fu));
  out += static_cast<char>(0x80u | (unit & 0x3Fu));
}

/// Writes halves that stand alone as bytes: the parser refuses their escapes.
std::string without_lone_halves(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    const std::optional<std::uint32_t> unit = escaped_unit(text, at);
    if (!unit) {
      out += text.substr(at, 2);
      at += 2;
      continue;
    }
    const std::optional<std::uint32_t> next = escaped_unit(text, at + escape_bytes);
    if (is_high(*unit) && next && is_low(*next)) {
      out += text.substr(at, 2 * escape_bytes);
      at += 2 * escape_bytes;
      continue;
    }
    if (is_high(*unit) || is_low(*unit))
      append_half(out, *unit);
    else
      out += text.substr(at, escape_bytes);
    at += escape_bytes;
  }
  return out;
}

bool has_half_escape(std::string_view text) {
  return text.find("\\ud") != std::string_view::npos || text.find("\\uD") != std::string_view::npos;
}

}  // namespace

Result<json::value> parse_upstream_json(std::string_view text, std::string_view what) {
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  options.allow_invalid_utf8 = true;
  json::error_code problem;
  try {
    const std::string mended = has_half_escape(text) ? without_lone_halves(text) : std::string();
    json::value value =
        json::parse(mended.empty() ? text : std::string_view(mended), problem, {}, options);
    if (!problem) return value;
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::TooLarge, std::string(what) + " needs more memory than is free");
  }
  return fail(ErrorCode::Corrupt, std::string(what) + " is not valid JSON: " + problem.message());
}

std::string find_text(const json::value& value, std::string_view key) {
  const std::optional<std::string_view> text = find_string(value, key);
  return text ? utf8::repair(*text, utf8::Invalid::MaximalSubpart) : std::string();
}

std::optional<std::int64_t> find_count(const json::value& value, std::string_view key) {
  const std::optional<std::int64_t> count = find_int(value, key);
  return count && *count >= 0 ? count : std::nullopt;
}

json::value mended_json(const json::value& value) {
  const auto mended = [](std::string_view text) {
    return utf8::repair(text, utf8::Invalid::MaximalSubpart);
  };
  if (const json::string* text = value.if_string()) return json::value(mended(*text));
  if (const json::array* list = value.if_array()) {
    json::array out;
    out.reserve(list->size());
    for (const json::value& entry : *list) out.push_back(mended_json(entry));
    return out;
  }
  if (const json::object* object = value.if_object()) {
    json::object out;
    for (const auto& member : *object) out[mended(member.key())] = mended_json(member.value());
    return out;
  }
  return value;
}

std::string quoted_words(std::string_view text) {
  std::string out = utf8::repair(text.substr(0, quoted_bytes_max), utf8::Invalid::MaximalSubpart);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace croft::dialects

#include "base/json.h"

#include <cmath>
#include <string>

namespace croft {

Result<json::value> parse_json(std::string_view text, std::string_view what,
                               std::size_t depth_max) {
  json::parse_options options;
  options.max_depth = depth_max;
  json::stream_parser parser({}, options);
  json::error_code ec;
  std::size_t used = 0;
  try {
    // write_some, not write: it tells how far it got, so that the message can name the offset.
    used = parser.write_some(text.data(), text.size(), ec);
    if (!ec && used < text.size()) {
      const std::size_t rest = text.find_first_not_of(" \t\r\n", used);
      if (rest != std::string_view::npos) {
        used = rest;
        ec = json::error::extra_data;
      }
    }
    if (!ec) parser.finish(ec);
    if (!ec) return parser.release();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::TooLarge, std::string(what) + " needs more memory than is free");
  }
  return fail(ErrorCode::InvalidArgument, std::string(what) + " is not valid JSON: " +
                                              ec.message() + " near byte " + std::to_string(used));
}

const json::value* find(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  return member == nullptr || member->is_null() ? nullptr : member;
}

const json::value* find(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  return object == nullptr ? nullptr : find(*object, key);
}

std::optional<std::int64_t> find_int(const json::value& value, std::string_view key) {
  const json::value* member = find(value, key);
  if (member == nullptr) return std::nullopt;
  if (const std::int64_t* n = member->if_int64()) return *n;
  if (const double* d = member->if_double()) {
    constexpr double exact_max =
        9007199254740992.0;  // 2^53: integers beyond are not exact in a double
    if (std::abs(*d) <= exact_max && *d == std::floor(*d)) return static_cast<std::int64_t>(*d);
  }
  return std::nullopt;
}

std::optional<double> find_number(const json::value& value, std::string_view key) {
  const json::value* member = find(value, key);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  return member->to_number<double>();
}

std::optional<bool> find_bool(const json::value& value, std::string_view key) {
  const json::value* member = find(value, key);
  if (member == nullptr || !member->is_bool()) return std::nullopt;
  return member->get_bool();
}

std::optional<std::string_view> find_string(const json::value& value, std::string_view key) {
  const json::value* member = find(value, key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string_view(member->get_string());
}

}  // namespace croft

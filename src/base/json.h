#pragma once
/// JSON at the edges: Boost.JSON with our depth limit and Result errors, and typed look-ups for
/// config files.

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/limits.h"

namespace croft {

namespace json = boost::json;

/// Parses one JSON document. Errors: InvalidArgument with byte offset and reason (`what` names the
/// document, e.g. "config.json"); TooLarge beyond `depth_max` is reported the same way. Duplicate
/// keys: the last wins.
Result<json::value> parse_json(std::string_view text, std::string_view what,
                               std::size_t depth_max = limits::json_depth_max);

/// Member of an object, or null where the value is no object or lacks it or holds JSON null.
[[nodiscard]] const json::value* find(const json::value& value, std::string_view key);
[[nodiscard]] const json::value* find(const json::object& object, std::string_view key);

/// Typed look-ups: nullopt where absent or null or of another kind.
[[nodiscard]] std::optional<std::int64_t> find_int(const json::value& value, std::string_view key);
[[nodiscard]] std::optional<double> find_number(const json::value& value, std::string_view key);
[[nodiscard]] std::optional<bool> find_bool(const json::value& value, std::string_view key);
[[nodiscard]] std::optional<std::string_view> find_string(const json::value& value,
                                                          std::string_view key);

}  // namespace croft

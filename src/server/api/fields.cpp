#include "server/api/fields.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace croft {
namespace {

bool is_integer(const json::value& value) {
  return integer_value(value).has_value();
}

bool has_type(const json::value& value, unsigned types) {
  if ((types & field_boolean) != 0 && value.is_bool()) return true;
  if ((types & field_integer) != 0 && is_integer(value)) return true;
  if ((types & field_number) != 0 && value.is_number()) return true;
  if ((types & field_string) != 0 && value.is_string()) return true;
  if ((types & field_array) != 0 && value.is_array()) return true;
  return (types & field_object) != 0 && value.is_object();
}

std::string type_words(unsigned types) {
  std::string words;
  const auto add = [&](unsigned type, std::string_view word) {
    if ((types & type) == 0) return;
    if (!words.empty()) words += " or ";
    words += word;
  };
  add(field_boolean, "true or false");
  add(field_integer, "an integer");
  add(field_number, "a number");
  add(field_string, "a string");
  add(field_array, "a list");
  add(field_object, "an object");
  return words;
}

std::string number_text(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15)
    return std::to_string(static_cast<long long>(number));
  std::string text = std::to_string(number);
  while (text.back() == '0') text.pop_back();
  return text;
}

bool same_value(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
  return a == b;
}

bool is_neutral(const Field& field, const json::value& value) {
  const Result<json::value> neutral = parse_json(field.neutral, "field table");
  CHECK(neutral && neutral->is_array());
  return std::ranges::any_of(neutral->get_array(),
                             [&](const json::value& one) { return same_value(one, value); });
}

Result<void> check_range(const Field& field, const json::value& value, const std::string& name) {
  if (!value.is_number()) return {};
  const double number = value.to_number<double>();
  const bool bounded = field.min != field.max;
  if (std::isfinite(number) && (!bounded || (number >= field.min && number <= field.max)))
    return {};
  if (!bounded)
    return fail(ErrorCode::InvalidArgument, "`" + name + "` must be a finite number", {}, name);
  return fail(
      ErrorCode::InvalidArgument,
      "`" + name + "` must be between " + number_text(field.min) + " and " + number_text(field.max),
      {}, name);
}

Result<void> check_field(const Field& field, const json::value& value, std::string_view prefix) {
  const std::string name = std::string(prefix) + std::string(field.name);
  if (field.rule == FieldRule::Refused) {
    if (is_neutral(field, value)) return {};
    return fail(ErrorCode::Unsupported, "`" + name + "` with this value is not supported",
                std::string(field.note.empty() ? "Leave it out" : field.note), name);
  }
  if (!has_type(value, field.types))
    return fail(ErrorCode::InvalidArgument, "`" + name + "` must be " + type_words(field.types), {},
                name);
  return check_range(field, value, name);
}

}  // namespace

Result<std::vector<std::string>> check_fields(std::span<const Field> fields,
                                              const json::object& body, std::string_view prefix) {
  for (const Field& field : fields) {
    const json::value* value = find(body, field.name);
    if (value != nullptr) {
      if (Result<void> checked = check_field(field, *value, prefix); !checked)
        return std::unexpected(checked.error());
    } else if (field.rule == FieldRule::Required) {
      const std::string name = std::string(prefix) + std::string(field.name);
      return fail(ErrorCode::InvalidArgument, "`" + name + "` is missing", {}, name);
    }
  }
  constexpr std::size_t warnings_max = 16;  // a body of a million unknown keys must not come back
  constexpr std::size_t name_bytes_max = 64;
  std::vector<std::string> warnings;
  for (const auto& member : body) {
    const std::string_view key = member.key();
    const bool known = std::ranges::any_of(fields, [&](const Field& f) { return f.name == key; });
    if (known) continue;
    if (warnings.size() == warnings_max) {
      warnings.emplace_back("further unknown fields were ignored");
      break;
    }
    const bool cut = key.size() > name_bytes_max;
    warnings.push_back("unknown field `" + std::string(prefix) + (cut ? "..." : std::string(key)) +
                       "` was ignored");
  }
  return warnings;
}

std::optional<std::int64_t> integer_value(const json::value& value) {
  if (const std::int64_t* n = value.if_int64()) return *n;
  if (const std::uint64_t* n = value.if_uint64()) return static_cast<std::int64_t>(*n);
  if (const double* d = value.if_double()) {
    constexpr double exact_max = 9007199254740992.0;  // 2^53: beyond, a double is no exact integer
    if (std::abs(*d) <= exact_max && *d == std::floor(*d)) return static_cast<std::int64_t>(*d);
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(const json::object& body, std::string_view name) {
  const json::value* value = find(body, name);
  return value == nullptr ? std::nullopt : integer_value(*value);
}

double read_number(const json::object& body, std::string_view name, double fallback) {
  const json::value* value = find(body, name);
  return value == nullptr || !value->is_number() ? fallback : value->to_number<double>();
}

bool read_flag(const json::object& body, std::string_view name, bool fallback) {
  const json::value* value = find(body, name);
  return value == nullptr || !value->is_bool() ? fallback : value->get_bool();
}

std::string read_string(const json::object& body, std::string_view name) {
  const json::value* value = find(body, name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(std::string_view(value->get_string()));
}

}  // namespace croft

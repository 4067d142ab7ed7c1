#include "router/dialects/field_reader.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "text/utf8.h"

namespace croft::dialects {
namespace {

constexpr std::size_t warnings_max = 32;
constexpr std::size_t name_bytes_shown_max = 64;

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

/// The integer, also where it is written as 3.0.
std::optional<std::int64_t> integer_of(const json::value& value) {
  if (const std::int64_t* number = value.if_int64()) return *number;
  const double* number = value.if_double();
  constexpr double exact_max = 9007199254740992.0;  // 2^53
  if (number != nullptr && std::abs(*number) <= exact_max && *number == std::floor(*number))
    return static_cast<std::int64_t>(*number);
  return std::nullopt;
}

}  // namespace

std::string indexed(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

std::unexpected<Error> invalid_field(const std::string& field, std::string_view complaint,
                                     std::string hint) {
  return fail(ErrorCode::InvalidArgument, "`" + field + "` " + std::string(complaint),
              std::move(hint), field);
}

std::unexpected<Error> unsupported_field(const std::string& field, std::string_view why,
                                         std::string hint) {
  return fail(ErrorCode::Unsupported, "`" + field + "` is not supported: " + std::string(why),
              std::move(hint), field);
}

void add_warning(std::vector<std::string>& warnings, std::string warning) {
  if (warnings.size() < warnings_max) warnings.push_back(std::move(warning));
  if (warnings.size() == warnings_max) warnings.back() = "more warnings were left out";
}

std::string FieldReader::path(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const json::value* FieldReader::take(std::string_view name) {
  taken_.push_back(name);
  return find(object_, name);
}

Result<std::optional<std::string>> FieldReader::text(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return invalid_field(path(name), "must be a string");
  return std::string(std::string_view(value->get_string()));
}

Result<std::string> FieldReader::required_text(std::string_view name) {
  std::optional<std::string> value = TRY(text(name));
  if (!value) return invalid_field(path(name), "is missing");
  if (value->empty()) return invalid_field(path(name), "must not be empty");
  return *std::move(value);
}

Result<std::optional<bool>> FieldReader::flag(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) return invalid_field(path(name), "must be true or false");
  return value->get_bool();
}

Result<std::optional<std::int64_t>> FieldReader::integer(std::string_view name, std::int64_t min,
                                                         std::int64_t max) {
  const json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::int64_t> number = integer_of(*value);
  if (!number || *number < min || *number > max)
    return invalid_field(path(name), "must be a whole number from " + std::to_string(min) + " to " +
                                         std::to_string(max));
  return number;
}

Result<std::optional<double>> FieldReader::number(std::string_view name, double min, double max) {
  const json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->to_number<double>() : std::nan("");
  if (!(number >= min && number <= max))
    return invalid_field(path(name),
                         "must be a number from " + number_text(min) + " to " + number_text(max));
  return number;
}

Result<const json::array*> FieldReader::list(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) return invalid_field(path(name), "must be a list");
  return &value->get_array();
}

Result<const json::object*> FieldReader::object(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return nullptr;
  return as_object(*value, path(name));
}

void FieldReader::warn_unknown() {
  for (const auto& member : object_) {
    if (std::ranges::find(taken_, std::string_view(member.key())) != taken_.end()) continue;
    const std::string_view name = std::string_view(member.key()).substr(0, name_bytes_shown_max);
    add_warning(warnings_, "`" + path(utf8::repair(name, utf8::Invalid::MaximalSubpart)) +
                               "` is not known and was ignored");
  }
}

Result<const json::object*> as_object(const json::value& value, const std::string& field) {
  if (!value.is_object()) return invalid_field(field, "must be an object");
  return &value.get_object();
}

}  // namespace croft::dialects

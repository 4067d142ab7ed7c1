#pragma once
/// Strict reading of one JSON object of a request: typed members with their full path in every
/// error, and a warning for each member that nobody asked for. JSON null counts as absent.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace croft::dialects {

/// "messages[2]" and the like.
[[nodiscard]] std::string indexed(std::string_view list, std::size_t index);

/// "`field` complaint", with `field` set.
[[nodiscard]] std::unexpected<Error> invalid_field(const std::string& field,
                                                   std::string_view complaint,
                                                   std::string hint = {});
/// Known, but nothing can do it: "`field` is not supported: why".
[[nodiscard]] std::unexpected<Error> unsupported_field(const std::string& field,
                                                       std::string_view why, std::string hint = {});

/// Adds a warning unless there are many already; the last one says that more were left out.
void add_warning(std::vector<std::string>& warnings, std::string warning);

class FieldReader {
 public:
  /// `path` is the object's own, empty for the body. Keeps references: all must outlive it.
  FieldReader(const json::object& object, std::string path, std::vector<std::string>& warnings)
      : object_(object), path_(std::move(path)), warnings_(warnings) {}

  /// The member's path: "messages[2].role".
  [[nodiscard]] std::string path(std::string_view name) const;

  /// The member of any type, or null where absent. It counts as known from now on.
  const json::value* take(std::string_view name);

  // Errors: InvalidArgument where the member has another type or is out of range.
  Result<std::optional<std::string>> text(std::string_view name);
  Result<std::string> required_text(std::string_view name);  ///< present and not empty
  Result<std::optional<bool>> flag(std::string_view name);
  Result<std::optional<std::int64_t>> integer(std::string_view name, std::int64_t min,
                                              std::int64_t max);
  Result<std::optional<double>> number(std::string_view name, double min, double max);
  Result<const json::array*> list(std::string_view name);
  Result<const json::object*> object(std::string_view name);

  /// Members that were not taken are named in a warning each.
  void warn_unknown();

 private:
  const json::object& object_;
  std::string path_;
  std::vector<std::string>& warnings_;
  std::vector<std::string_view> taken_;
};

/// `value` as an object, or InvalidArgument.
Result<const json::object*> as_object(const json::value& value, const std::string& field);

}  // namespace croft::dialects

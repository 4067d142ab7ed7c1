#pragma once
/// The field table: for every route each field that OpenAI documents, or that we add, with its
/// type, its range and what happens to it. One table validates requests, makes docs/api.md and
/// drives the range tests (threats.md S1).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace croft {

/// JSON types a field may have; combine with |. Integer also takes 3.0, as some clients write it.
enum FieldType : unsigned {
  field_boolean = 1,
  field_integer = 2,
  field_number = 4,
  field_string = 8,
  field_array = 16,
  field_object = 32,
};

enum class FieldRule : std::uint8_t {
  Required,  ///< honoured, and the request fails without it
  Honoured,
  Recorded,  ///< accepted; changes nothing in the answer
  Refused,   ///< known, not supported: 400 unless the value is one of `neutral`
};

struct Field {
  std::string_view name = {};
  unsigned types = 0;
  FieldRule rule = FieldRule::Honoured;
  double min = 0.0;  ///< range of a number, or of each number of an array; min == max: unbounded
  double max = 0.0;
  /// Refused only: a JSON array of the values that ask for nothing special, e.g. R"([false,
  /// "auto"])".
  std::string_view neutral = "[]";
  std::string_view note = {};
};

/// One route of the API as documented.
struct RouteFields {
  std::string_view method;
  std::string_view path;
  std::string_view summary;
  std::span<const Field> fields;
};

[[nodiscard]] std::span<const Field> chat_fields();
[[nodiscard]] std::span<const Field> message_fields();  ///< of /v1/messages
[[nodiscard]] std::span<const Field> explain_fields();  ///< of /v1/route/explain
[[nodiscard]] std::span<const Field> redact_fields();   ///< of /v1/redact
[[nodiscard]] std::span<const Field> completion_fields();
[[nodiscard]] std::span<const Field> embedding_fields();
[[nodiscard]] std::span<const Field> tokenize_fields();
[[nodiscard]] std::span<const Field> detokenize_fields();
[[nodiscard]] std::span<const Field> template_fields();
[[nodiscard]] std::span<const Field> model_fields();  ///< of /models/load and /models/unload
[[nodiscard]] std::span<const Field> stream_option_fields();

/// Every documented route, in the order of docs/api.md.
[[nodiscard]] std::span<const RouteFields> all_routes();

/// Checks `body` against the table; JSON null counts as absent. Returns warnings: one sentence per
/// unknown field. `prefix` goes before names in messages: "stream_options.". Errors:
/// InvalidArgument (missing, wrong type, out of range); Unsupported (refused). `field` names it.
Result<std::vector<std::string>> check_fields(std::span<const Field> fields,
                                              const json::object& body,
                                              std::string_view prefix = {});

/// The whole of docs/api.md.
[[nodiscard]] std::string api_reference_markdown();

// Typed reading of a body that check_fields has accepted.

/// The integer, also where written as 3.0; nullopt for anything else. A uint64 above INT64_MAX
/// keeps its bits.
[[nodiscard]] std::optional<std::int64_t> integer_value(const json::value& value);
[[nodiscard]] std::optional<std::int64_t> read_integer(const json::object& body,
                                                       std::string_view name);
[[nodiscard]] double read_number(const json::object& body, std::string_view name, double fallback);
[[nodiscard]] bool read_flag(const json::object& body, std::string_view name, bool fallback);
[[nodiscard]] std::string read_string(const json::object& body, std::string_view name);

}  // namespace croft

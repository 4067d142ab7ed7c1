#include "router/gates/intent_rows.h"

#include <algorithm>
#include <set>
#include <span>
#include <unordered_set>
#include <utility>

#include "base/json.h"
#include "io/digest.h"
#include "io/mapped_file.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

constexpr std::string_view row_hint = R"(Write one object a line: {"text": "...", "label": "..."})";
constexpr std::size_t warnings_max = 16;

std::unexpected<Error> wrong_line(std::string_view name, std::size_t line, std::string what,
                                  ErrorCode code = ErrorCode::InvalidArgument) {
  return fail(code, std::string(name) + ":" + std::to_string(line) + ": " + std::move(what),
              std::string(row_hint));
}

Result<std::string> member(const json::object& row, std::string_view key, std::string_view name,
                           std::size_t line) {
  const json::value* const value = row.if_contains(key);
  if (value == nullptr) return wrong_line(name, line, "the row has no `" + std::string(key) + "`");
  if (!value->is_string())
    return wrong_line(name, line, "`" + std::string(key) + "` is not a string");
  return std::string(value->get_string());
}

Result<IntentRow> parse_row(std::string_view text, std::string_view name, std::size_t line,
                            std::set<std::string, std::less<>>& unknown) {
  auto parsed = parse_json(text, "the row");
  if (!parsed) return wrong_line(name, line, parsed.error().message);
  const json::object* const object = parsed->if_object();
  if (object == nullptr) return wrong_line(name, line, "the row is not a JSON object");
  IntentRow row{.text = TRY(member(*object, "text", name, line)),
                .label = TRY(member(*object, "label", name, line))};
  if (row.label.empty()) return wrong_line(name, line, "the label is empty");
  if (row.label.size() > intent_label_bytes_max)
    return wrong_line(name, line,
                      "the label " + quote_foreign(row.label) + " is longer than " +
                          std::to_string(intent_label_bytes_max) + " bytes");
  if (std::ranges::any_of(row.label,
                          [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    return wrong_line(name, line,
                      "the label " + quote_foreign(row.label) + " has a control character");
  for (const auto& [key, ignored] : *object)
    if (key != "text" && key != "label" && unknown.size() < warnings_max)
      unknown.insert(std::string(key));
  if (is_out_of_scope(row.label)) row.label.clear();
  return row;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

bool is_out_of_scope(std::string_view label) {
  std::string lower(label);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower == "oos" || lower == "out_of_scope" || lower == "none";
}

Result<IntentRows> parse_intent_rows(std::string_view lines, std::string_view name) {
  IntentRows out;
  out.digest = digest_text(xxh3_64(std::as_bytes(std::span(lines))));
  if (lines.starts_with("\xEF\xBB\xBF")) lines.remove_prefix(3);
  std::set<std::string, std::less<>> unknown;
  std::unordered_set<std::string> labels;
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.size() > intent_line_bytes_max)
      return wrong_line(name, number,
                        "the line has " + std::to_string(line.size()) + " bytes; " +
                            std::to_string(intent_line_bytes_max) + " is the limit",
                        ErrorCode::TooLarge);
    if (is_blank(line)) continue;
    if (out.rows.size() == intent_rows_of_file_max)
      return wrong_line(name, number,
                        "more than " + std::to_string(intent_rows_of_file_max) + " rows",
                        ErrorCode::TooLarge);
    out.rows.push_back(TRY(parse_row(line, name, number, unknown)));
    if (!out.rows.back().label.empty()) labels.insert(out.rows.back().label);
    if (labels.size() > intent_labels_max)
      return wrong_line(name, number,
                        "more than " + std::to_string(intent_labels_max) + " different labels",
                        ErrorCode::TooLarge);
  }
  for (const std::string& key : unknown)
    out.warnings.push_back("rows have a member " + quote_foreign(key) + ", which is not used");
  return out;
}

Result<IntentRows> read_intent_rows(const std::filesystem::path& path) {
  const MappedFile file = TRY(MappedFile::open(path));
  if (file.bytes().size() > intent_file_bytes_max)
    return fail(ErrorCode::TooLarge, path.string() + " is larger than 1 GiB",
                "Train on a sample of its rows");
  return parse_intent_rows(
      {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}, path.string());
}

}  // namespace croft

#include "store/ledger/ledger_export.h"

#include "base/json.h"
#include "store/ledger/ledger_time.h"

namespace croft {
namespace {

std::string hash_digits(std::span<const std::byte> bytes) {
  const auto hash = hash_from_blob(bytes);
  return hash ? hash_text(*hash) : std::string{};
}

std::string csv_text(std::string_view text) {
  std::string cell;
  if (!text.empty() && std::string_view("=+-@\t\r\n").contains(text.front())) cell += '\'';
  cell += text;
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string json_text(std::string_view text) {
  return json::serialize(json::value(json::string(text)));
}

bool holds_json(std::string_view column) {
  return column == "gates" || column == "features" || column == "attempts";
}

/// Once more through our own reader: what is no JSON must not break the line around it.
std::string nested_json(std::string_view text) {
  const auto value = parse_json(text, "a field of the ledger");
  return value ? json::serialize(*value) : json_text(text);
}

}  // namespace

std::string ledger_csv_head() {
  std::string line = "seq,time";
  for (const LedgerColumn& column : ledger_columns()) line += "," + std::string(column.name);
  return line + ",content_hash,hash\r\n";
}

std::string ledger_csv_line(const StoredLedgerRow& row) {
  const auto* time = std::get_if<std::int64_t>(&row.values[ledger_column_index("time_us")].value());
  std::string line =
      std::to_string(row.seq) + "," + (time == nullptr ? std::string{} : time_text(*time));
  for (const SqlParameter& value : row.values) {
    line += ',';
    if (const auto* number = std::get_if<std::int64_t>(&value.value()))
      line += std::to_string(*number);
    else if (const auto* text = std::get_if<std::string_view>(&value.value()))
      line += csv_text(*text);
  }
  return line + "," + hash_digits(row.content_hash) + "," + hash_digits(row.hash) + "\r\n";
}

std::string ledger_json_line(const StoredLedgerRow& row) {
  std::string line = "{\"seq\":" + std::to_string(row.seq);
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const std::string_view name = ledger_columns()[i].name;
    line += ",\"" + std::string(name) + "\":";
    const SqlParameter::Value& value = row.values[i].value();
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      if (name == "escalated" || name == "streamed")
        line += *number != 0 ? "true" : "false";
      else
        line += std::to_string(*number);
      if (name == "time_us") line += ",\"time\":\"" + time_text(*number) + "\"";
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      line += holds_json(name) ? nested_json(*text) : json_text(*text);
    } else {
      line += "null";
    }
  }
  return line + ",\"content_hash\":\"" + hash_digits(row.content_hash) + "\",\"hash\":\"" +
         hash_digits(row.hash) + "\"}\n";
}

}  // namespace croft

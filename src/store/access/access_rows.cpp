#include "store/access/access_rows.h"

#include <algorithm>
#include <cstring>

#include "base/json.h"

namespace croft {
namespace {

Result<std::optional<std::int64_t>> optional_int(const Row& row, int column) {
  if (row.is_null(column)) return std::optional<std::int64_t>{};
  return std::optional<std::int64_t>(TRY(row.int64(column)));
}

Result<std::vector<std::string>> models_from(std::string_view text) {
  const auto corrupt = [] {
    return fail(ErrorCode::Corrupt, "a key's or team's models in the database are no list");
  };
  const auto parsed = parse_json(text, "models", 2);
  if (!parsed || !parsed->is_array()) return corrupt();
  std::vector<std::string> models;
  for (const json::value& each : parsed->get_array()) {
    if (!each.is_string()) return corrupt();
    models.emplace_back(std::string_view(each.get_string()));
  }
  return models;
}

/// id, alias, models, max_budget, budget_currency, budget_duration, rpm_limit, tpm_limit,
/// max_parallel_requests, blocked, created, updated, deleted
template <typename Record>
Result<void> read_common(const Row& row, Record& record) {
  record.id = TRY(row.text(0));
  record.alias = TRY(row.text(1));
  const std::string_view models = TRY(row.text(2));
  record.limits.models = TRY(models_from(models));
  record.limits.max_budget = TRY(optional_int(row, 3));
  record.limits.budget_currency = TRY(row.text(4));
  if (!row.is_null(5)) {
    const std::string_view duration = TRY(row.text(5));
    record.limits.budget_duration = TRY(parse_budget_period(duration));
  }
  record.limits.rpm_limit = TRY(optional_int(row, 6));
  record.limits.tpm_limit = TRY(optional_int(row, 7));
  record.limits.max_parallel_requests = TRY(optional_int(row, 8));
  record.blocked = TRY(row.int64(9)) != 0;
  record.created = TRY(row.int64(10));
  record.updated = TRY(row.int64(11));
  record.deleted = TRY(optional_int(row, 12));
  return {};
}

}  // namespace

Result<TeamRecord> team_from_row(const Row& row) {
  TeamRecord record;
  TRY(read_common(row, record));
  return record;
}

Result<KeyRecord> key_from_row(const Row& row) {
  KeyRecord record;
  TRY(read_common(row, record));
  const std::span<const std::byte> hash = TRY(row.blob(13));
  if (hash.size() != record.hash.size())
    return fail(ErrorCode::Corrupt, "the hash of " + record.id + " in the database has " +
                                        std::to_string(hash.size()) + " bytes");
  std::memcpy(record.hash.data(), hash.data(), hash.size());
  if (!row.is_null(14)) record.team = TRY(row.text(14));
  const std::string_view role = TRY(row.text(15));
  record.role = TRY(parse_key_role(role));
  record.expires = TRY(optional_int(row, 16));
  return record;
}

std::string models_text(const std::vector<std::string>& models) {
  return json::serialize(json::value_from(models));
}

std::optional<std::string> duration_text(const AccessLimits& limits) {
  if (!limits.budget_duration) return std::nullopt;
  return budget_period_text(*limits.budget_duration);
}

}  // namespace croft

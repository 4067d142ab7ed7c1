#include "cli/verbs/ledger_access.h"

#include "cli/database_access.h"
#include "store/database/migrate.h"
#include "store/ledger/ledger_time.h"

namespace croft::cli {

Result<Database> open_ledger_database(const Settings& settings) {
  // Minutes for an answer: these read whole tables.
  return Database::open(
      database_address(settings),
      {.read_only = true, .create = false, .answer_wait = std::chrono::minutes(10)});
}

Result<LedgerRange> ledger_range(const Settings& settings) {
  LedgerRange range;
  const std::int64_t now = utc_now_us();
  const auto time = [&](const char* name, std::int64_t& out) -> Result<void> {
    if (!settings.has_value(name) || settings.text(name).empty()) return {};
    auto parsed = parse_ledger_time(settings.text(name), now);
    if (!parsed) {
      parsed.error().message = std::string("--") + name + ": " + parsed.error().message;
      return std::unexpected(std::move(parsed).error());
    }
    out = *parsed;
    return {};
  };
  TRY(time("since", range.since_us));
  TRY(time("until", range.until_us));
  if (range.since_us >= range.until_us)
    return fail(ErrorCode::InvalidArgument, "--since is not before --until", {}, "since");
  return range;
}

Result<std::map<std::string, std::string>> owner_names(Database& database) {
  std::map<std::string, std::string> names;
  if (TRY(schema_version(database, "access")) == 0) return names;
  const auto read = [&](const Row& row) -> Result<void> {
    names.emplace(TRY(row.text(0)), TRY(row.text(1)));
    return {};
  };
  TRY(database.query("SELECT id, alias FROM croft_key", {}, read));
  TRY(database.query("SELECT id, alias FROM croft_team", {}, read));
  return names;
}

void name_owners(const std::map<std::string, std::string>& names,
                 std::span<const LedgerGrouping> groupings, LedgerSummary& summary) {
  for (std::size_t i = 0; i < groupings.size(); ++i) {
    if (groupings[i] != LedgerGrouping::Tenant && groupings[i] != LedgerGrouping::Team &&
        groupings[i] != LedgerGrouping::Key)
      continue;
    std::map<std::string, LedgerTotals> named;
    for (auto& [id, totals] : summary.groups[i]) {
      const auto name = names.find(id);
      named.emplace(name == names.end() ? id : name->second + " (" + id + ")", std::move(totals));
    }
    summary.groups[i] = std::move(named);
  }
}

LedgerProgressLine::LedgerProgressLine(std::string what)
    : stop_(interrupts_.begin()), progress_(std::move(what), Progress::Unit::Count) {}

LedgerProgress LedgerProgressLine::callback() {
  return [this](std::int64_t done, std::int64_t total) {
    progress_.update(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
    return !stop_.stop_requested();
  };
}

}  // namespace croft::cli

#include "cli/verbs/ledger_access.h"

#include "cli/model_access.h"
#include "store/ledger/ledger_time.h"

namespace croft::cli {

std::string ledger_address(const Settings& settings) {
  const std::string& given = settings.text("database");
  if (!given.empty()) return given;
  return (models_root(settings).parent_path() / "croft.db").string();
}

Result<Database> open_ledger_database(const Settings& settings) {
  // Minutes for an answer: these read whole tables.
  return Database::open(
      ledger_address(settings),
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

LedgerProgressLine::LedgerProgressLine(std::string what)
    : stop_(interrupts_.begin()), progress_(std::move(what), Progress::Unit::Count) {}

LedgerProgress LedgerProgressLine::callback() {
  return [this](std::int64_t done, std::int64_t total) {
    progress_.update(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
    return !stop_.stop_requested();
  };
}

}  // namespace croft::cli

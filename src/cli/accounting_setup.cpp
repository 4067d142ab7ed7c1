#include "cli/accounting_setup.h"

#include <unistd.h>

#include <array>
#include <cmath>
#include <span>

#include "base/log.h"
#include "cli/database_access.h"
#include "cli/model_access.h"
#include "cli/price_access.h"
#include "io/sha256.h"
#include "store/database/database_address.h"
#include "store/prices/money.h"

namespace croft::cli {
namespace {

namespace fs = std::filesystem;

constexpr double hours_a_year = 8766.0;

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

Result<std::int64_t> money(const Settings& settings, std::string_view name) {
  const auto nano = nano_from(settings.real(name));
  if (nano) return *nano;
  return fail(ErrorCode::InvalidArgument, "--" + std::string(name) + " has too many decimals",
              "Nine decimals are possible", std::string(name));
}

/// What an hour of computing costs: the machine's price over the hours in which it will compute.
Result<std::optional<std::int64_t>> hardware_an_hour(const Settings& settings) {
  const std::int64_t price = TRY(money(settings, "hardware-price"));
  if (price == 0) return std::nullopt;
  const double hours =
      settings.real("hardware-years") * hours_a_year * settings.real("hardware-use");
  return std::llround(static_cast<double>(price) / hours);
}

/// "openai/gpt-5-mini", or a model's name alone where one provider has it.
Result<void> set_reference(const Settings& settings, AccountingRates& rates) {
  const std::string& text = settings.text("reference-model");
  if (text.empty()) return {};
  const PriceList list = TRY(active_prices(settings));
  const std::size_t slash = text.find('/');
  const std::string provider = slash == std::string::npos ? "" : text.substr(0, slash);
  const std::string model = slash == std::string::npos ? text : text.substr(slash + 1);
  const ModelPrice* price = list.find(provider, model, 0);
  if (price == nullptr) {
    Error error = list.why_unpriced(provider, model, 0);
    error.field = "reference-model";
    return std::unexpected(std::move(error));
  }
  if (price->rates.currency != rates.currency)
    return fail(ErrorCode::InvalidArgument,
                "the price of " + text + " is in " + price->rates.currency +
                    ", the costs of the routes in " + rates.currency,
                "Sums need one currency: set `currency` under [router] in croft.toml",
                "reference-model");
  rates.reference = price->rates;
  rates.reference_version = list.version() + " " + text;
  return {};
}

fs::path journal_of(const Settings& settings, const std::string& address) {
  const Result<DatabaseAddress> parsed = parse_database_address(address);
  if (parsed && parsed->kind == DatabaseKind::Sqlite) return address + ".journal";
  // One for each database, wherever several are used: rows must not be brought into another one.
  std::string named = parsed ? parsed->location : address;
  if (const std::size_t at = named.rfind('@'); at != std::string::npos) named.erase(0, at + 1);
  const std::string digest = sha256_hex(std::as_bytes(std::span(named))).substr(0, 12);
  return models_root(settings).parent_path() / ("ledger-" + digest + ".journal");
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code problem;
  if (!folder.empty()) fs::create_directories(folder, problem);
  if (!problem) return {};
  return fail(ErrorCode::Io,
              "cannot make the folder " + folder.string() + " for the ledger: " + problem.message(),
              "Choose another --database, or `none` to keep no ledger", "database");
}

}  // namespace

Result<std::shared_ptr<Accountant>> make_accountant(const Settings& settings,
                                                    const RouterConfig* router) {
  if (settings.text("database") == no_database) return nullptr;
  const std::string address = database_address(settings);
  const DatabaseAddress place = TRY(parse_database_address(address));
  AccountantOptions options;
  AccountingRates& rates = options.rates;
  if (router != nullptr && !router->currency.empty()) rates.currency = router->currency;
  rates.server = host_name();
  rates.hardware_nano_per_hour = TRY(hardware_an_hour(settings));
  rates.power_nano_per_kwh = TRY(money(settings, "power-price"));
  TRY(set_reference(settings, rates));
  options.power.model_watts = settings.real("watts");

  LedgerWriterOptions writer;
  writer.database = address;
  writer.journal = journal_of(settings, address);
  if (place.kind == DatabaseKind::Sqlite) TRY(make_folder(fs::path(address).parent_path()));
  TRY(make_folder(writer.journal.parent_path()));
  auto started = LedgerWriter::start(std::move(writer));
  if (!started) {
    Error error = started.error();
    if (error.hint.empty()) error.hint = "Choose another --database, or `none` to keep no ledger";
    return std::unexpected(std::move(error));
  }
  log_info("the ledger is in " + place.shown);
  return std::make_shared<Accountant>(*std::move(started), std::move(options));
}

}  // namespace croft::cli

#include <algorithm>
#include <map>

#include "base/json.h"
#include "cli/database_access.h"
#include "cli/price_access.h"
#include "cli/terminal.h"
#include "cli/text_columns.h"
#include "cli/verbs/verbs.h"
#include "store/prices/money.h"

namespace croft::cli {
namespace {

std::string rate_shown(const std::optional<std::int64_t>& rate) {
  return rate ? nano_text(*rate) : "-";
}

json::value rate_json(const std::optional<std::int64_t>& rate) {
  if (!rate) return nullptr;
  return json::value(static_cast<double>(*rate) / static_cast<double>(nano_per_unit));
}

json::object price_json(const ModelPrice& price) {
  json::array aliases;
  for (const std::string& alias : price.aliases) aliases.push_back(json::value(valid_utf8(alias)));
  return {{"provider", valid_utf8(price.provider)},
          {"model", valid_utf8(price.model)},
          {"aliases", std::move(aliases)},
          {"currency", price.rates.currency},
          {"input", rate_json(price.rates.input)},
          {"cached_input", rate_json(price.rates.cached_input)},
          {"cache_write", rate_json(price.rates.cache_write)},
          {"output", rate_json(price.rates.output)},
          {"prompt_tokens_max",
           price.prompt_tokens_max ? json::value(*price.prompt_tokens_max) : json::value(nullptr)},
          {"date", price.date},
          {"source", valid_utf8(price.source)},
          {"untested", price.untested},
          {"note", valid_utf8(price.note)}};
}

std::string model_shown(const ModelPrice& price) {
  return price.prompt_tokens_max
             ? price.model + " (prompt up to " + std::to_string(*price.prompt_tokens_max) + ")"
             : price.model;
}

Result<int> list_versions(const Settings& settings) {
  std::vector<PriceVersion> versions;
  std::optional<Database> database = TRY(open_database_if_there(settings));
  if (database) {
    PriceStore store = TRY(PriceStore::open(*database));
    versions = TRY(store.versions());
  } else {
    const PriceList& list = PriceList::built_in();
    versions.push_back(
        {.version = list.version(), .date = list.date(), .added = 0, .active = true});
  }
  json::array documents;
  std::vector<std::vector<std::string>> rows = {{"VERSION", "DATE", "ADDED", "IN USE"}};
  for (const PriceVersion& each : versions) {
    const std::string added = each.added == 0 ? "built in" : utc_text(each.added);
    documents.push_back(json::object{
        {"version", each.version}, {"date", each.date}, {"added", added}, {"active", each.active}});
    rows.push_back({each.version, each.date, added, each.active ? "yes" : "no"});
  }
  TRY(settings.flag("json") ? print_line(json::serialize(documents)) : print(text_columns(rows)));
  return 0;
}

/// Half a year before the list's own date.
std::string old_before(const std::string& date) {
  int year = std::stoi(date.substr(0, 4));
  int month = std::stoi(date.substr(5, 2)) - 6;
  if (month < 1) {
    month += 12;
    --year;
  }
  return std::to_string(year) + (month < 10 ? "-0" : "-") + std::to_string(month) + date.substr(7);
}

Result<PriceList> list_of_file(const Settings& settings) {
  const std::string& path = settings.arguments().front();
  const std::string text = TRY(read_file_or_stdin(path, price_list_bytes_max));
  return PriceList::parse(text, path == "-" ? "standard input" : path);
}

}  // namespace

Result<int> prices_list_verb(const Settings& settings) {
  if (settings.flag("versions")) return list_versions(settings);
  const PriceList list = TRY(active_prices(settings));
  const std::string& provider = settings.text("provider");
  if (settings.flag("jsonl")) {
    if (!provider.empty())
      return fail(ErrorCode::InvalidArgument, "--jsonl prints the whole list",
                  "Leave --provider out");
    TRY(print(list.text()));
    return 0;
  }
  json::array documents;
  std::vector<std::vector<std::string>> rows = {
      {"PROVIDER", "MODEL", "INPUT", "CACHED", "WRITE", "OUTPUT", "", "DATE", ""}};
  for (const ModelPrice& price : list.prices()) {
    if (!provider.empty() && price.provider != provider) continue;
    documents.push_back(price_json(price));
    rows.push_back({price.provider, model_shown(price), nano_text(price.rates.input),
                    rate_shown(price.rates.cached_input), rate_shown(price.rates.cache_write),
                    nano_text(price.rates.output), price.rates.currency, price.date,
                    price.untested ? "untested" : ""});
  }
  if (documents.empty())
    return fail(ErrorCode::NotFound,
                "price list " + list.version() + " has no provider '" + provider + "'",
                "`croft prices list` shows all");
  if (settings.flag("json")) {
    TRY(print_line(
        json::serialize(json::object{{"version", list.version()}, {"prices", documents}})));
    return 0;
  }
  TRY(print(text_columns(rows)));
  note("price list " + list.version() + ", per million tokens");
  return 0;
}

Result<int> prices_show_verb(const Settings& settings) {
  const PriceList list = TRY(active_prices(settings));
  const std::string& model = settings.arguments().front();
  const std::string& provider = settings.text("provider");
  json::array documents;
  std::string text;
  for (const ModelPrice& price : list.prices()) {
    const bool named =
        price.model == model || std::ranges::find(price.aliases, model) != price.aliases.end();
    if (!named || (!provider.empty() && price.provider != provider)) continue;
    documents.push_back(price_json(price));
    text += (text.empty() ? "" : "\n") +
            text_columns({{"provider", price.provider},
                          {"model", model_shown(price)},
                          {"input", nano_text(price.rates.input, price.rates.currency)},
                          {"cached input", rate_shown(price.rates.cached_input)},
                          {"cache write", rate_shown(price.rates.cache_write)},
                          {"output", nano_text(price.rates.output, price.rates.currency)},
                          {"as of", price.date},
                          {"source", price.source},
                          {"tested", price.untested ? "no" : "yes"},
                          {"note", price.note.empty() ? "-" : price.note}});
  }
  if (documents.empty()) {
    Error error = list.why_unpriced(provider, model, 0);
    error.code = ErrorCode::NotFound;
    return std::unexpected(std::move(error));
  }
  TRY(settings.flag("json") ? print_line(json::serialize(
                                  json::object{{"version", list.version()}, {"prices", documents}}))
                            : print(text));
  return 0;
}

Result<int> prices_update_verb(const Settings& settings) {
  const bool built_in = settings.flag("built-in");
  if (built_in != settings.arguments().empty())
    return fail(ErrorCode::InvalidArgument, "give either a FILE or --built-in");
  PriceList list = PriceList::built_in();
  if (!built_in) list = TRY(list_of_file(settings));
  Database database = TRY(open_database(settings));
  PriceStore store = TRY(PriceStore::open(database));
  const PriceList before = TRY(store.active());
  if (settings.flag("merge")) list = TRY(before.merged(list));
  // The old one may be the built-in one, which rows name already: it is kept as well.
  TRY(store.keep(before));
  TRY(store.activate(list));
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(json::object{{"version", list.version()},
                                                {"before", before.version()},
                                                {"prices", list.prices().size()}})));
    return 0;
  }
  TRY(print_line("in use: price list " + list.version() + " with " +
                 std::to_string(list.prices().size()) + " prices; before: " + before.version()));
  return 0;
}

Result<int> prices_check_verb(const Settings& settings) {
  const bool of_file = !settings.arguments().empty();
  const PriceList list = TRY(of_file ? list_of_file(settings) : active_prices(settings));
  const std::string limit = old_before(list.date());
  std::size_t untested = 0, old = 0;
  for (const ModelPrice& price : list.prices()) {
    untested += price.untested ? 1 : 0;
    old += price.date < limit ? 1 : 0;
  }
  const bool behind = list.date() < PriceList::built_in().date();
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(json::object{{"version", list.version()},
                                                {"prices", list.prices().size()},
                                                {"untested", untested},
                                                {"old", old},
                                                {"built_in_is_newer", behind}})));
    return 0;
  }
  TRY(print_line("price list " + list.version() + ": " + std::to_string(list.prices().size()) +
                 " prices, " + std::to_string(untested) + " untested, " + std::to_string(old) +
                 " from before " + limit));
  if (behind && !of_file)
    note("the list that this program was built with is newer: " + PriceList::built_in().version() +
         "; `croft prices update --built-in` uses it");
  return 0;
}

}  // namespace croft::cli

#include "store/prices/price_list.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <tuple>

#include "base/check.h"
#include "base/json.h"
#include "io/sha256.h"
#include "store/near_names.h"
#include "store/prices/money.h"
#include "store/prices/read_prices.h"
#include "store_build/built_in_prices.h"

namespace croft {
namespace {

auto order_of(const ModelPrice& price) {
  // A price without a limit is for the longest prompts.
  return std::tuple(std::string_view(price.provider), std::string_view(price.model),
                    price.prompt_tokens_max.value_or(UINT64_MAX));
}

std::string number_text(std::int64_t nano) {
  std::string text = nano_text(nano);
  if (text.ends_with(".00")) text.resize(text.size() - 3);
  return text;
}

std::string json_text(std::string_view text) {
  return json::serialize(json::value(json::string(text)));
}

/// Every name of a model may mean one price for each length of prompt only.
Result<void> check_names_differ(const std::vector<ModelPrice>& prices, std::string_view what) {
  std::map<std::tuple<std::string, std::string, std::uint64_t>, std::size_t> seen;
  std::map<std::pair<std::string, std::string>, std::pair<std::string, std::size_t>> owners;
  for (const ModelPrice& price : prices) {
    std::vector<std::string> names = price.aliases;
    names.push_back(price.model);
    for (const std::string& name : names) {
      const auto again = [&](std::size_t line, std::string_view field) {
        return fail(ErrorCode::InvalidArgument,
                    std::string(what) + ", line " + std::to_string(price.line) + ", field \"" +
                        std::string(field) + "\": " + price.provider + " " + name +
                        " has a price on line " + std::to_string(line) + " already",
                    "Delete one, or give them different prompt_tokens_max", std::string(field));
      };
      const std::string_view field = name == price.model ? "model" : "aliases";
      const auto [slot, first] = seen.try_emplace(
          {price.provider, name, price.prompt_tokens_max.value_or(UINT64_MAX)}, price.line);
      if (!first) return again(slot->second, field);
      const auto [owner, owned] =
          owners.try_emplace({price.provider, name}, price.model, price.line);
      if (!owned && owner->second.first != price.model) return again(owner->second.second, field);
    }
  }
  return {};
}

}  // namespace

bool is_iso_date(std::string_view text) {
  if (text.size() != 10) return false;
  std::array<int, 3> parts{};
  for (std::size_t i = 0, part = 0; i < text.size(); ++i) {
    if (i == 4 || i == 7) {
      if (text[i] != '-') return false;
      ++part;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') return false;
    parts[part] = parts[part] * 10 + (text[i] - '0');
  }
  const std::chrono::year_month_day day{std::chrono::year(parts[0]),
                                        std::chrono::month(static_cast<unsigned>(parts[1])),
                                        std::chrono::day(static_cast<unsigned>(parts[2]))};
  return day.ok() && parts[0] >= 2000 && parts[0] < 3000;
}

Result<PriceList> PriceList::parse(std::string_view text, std::string_view what) {
  if (text.size() > price_list_bytes_max)
    return fail(ErrorCode::TooLarge, std::string(what) + " is over 16 MiB, no list of prices");
  PriceList list;
  list.text_ = text;
  std::string_view rest = text;
  std::size_t line_number = 0;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line_number == 1) {
      list.date_ = TRY(read_price_header(line, what));
      continue;
    }
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (list.prices_.size() == price_list_rows_max)
      return fail(ErrorCode::TooLarge, std::string(what) + " has more than 100,000 prices");
    list.prices_.push_back(TRY(read_price_line(line, line_number, what)));
  }
  if (list.prices_.empty())
    return fail(ErrorCode::InvalidArgument, std::string(what) + " has no price in it",
                R"(A list begins with {"format": "croft-prices-1", "date": "2026-01-31"})");
  TRY(check_names_differ(list.prices_, what));
  list.digest_ = sha256_hex(std::as_bytes(std::span(text)));
  list.version_ = list.date_ + "-" + list.digest_.substr(0, 12);
  list.index();
  return list;
}

const PriceList& PriceList::built_in() {
  static const PriceList list = [] {
    Result<PriceList> read = parse(built_in_prices_text, "the built-in price list");
    CHECK(read.has_value());  // a test reads it too
    return std::move(*read);
  }();
  return list;
}

void PriceList::index() {
  // std::sort and not ranges: no two have the same key, and both compilers have it.
  std::sort(prices_.begin(), prices_.end(),
            [](const ModelPrice& a, const ModelPrice& b) { return order_of(a) < order_of(b); });
  for (std::size_t i = 0; i < prices_.size(); ++i) {
    by_model_[prices_[i].model].push_back(i);
    for (const std::string& alias : prices_[i].aliases) by_model_[alias].push_back(i);
  }
}

const ModelPrice* PriceList::find(std::string_view provider, std::string_view model,
                                  std::uint64_t prompt_tokens) const {
  const auto found = by_model_.find(model);
  if (found == by_model_.end()) return nullptr;
  const ModelPrice* fits = nullptr;
  for (const std::size_t i : found->second) {
    const ModelPrice& price = prices_[i];
    if (!provider.empty() && price.provider != provider) continue;
    // Two providers' prices may differ, and none of them was named.
    if (provider.empty() && price.provider != prices_[found->second.front()].provider)
      return nullptr;
    const bool holds = !price.prompt_tokens_max || prompt_tokens <= *price.prompt_tokens_max;
    if (holds && fits == nullptr) fits = &price;
  }
  return fits;
}

Error PriceList::why_unpriced(std::string_view provider, std::string_view model,
                              std::uint64_t prompt_tokens) const {
  const std::string name =
      (provider.empty() ? "" : std::string(provider) + " ") + std::string(model.substr(0, 256));
  Error error{
      .code = ErrorCode::Forbidden,
      .message = "the model " + name + " is unpriced: price list " + version_ + " does not have it",
      .hint = {},
      .field = "model"};
  const auto found = by_model_.find(model);
  if (found != by_model_.end()) {
    std::set<std::string> providers;
    for (const std::size_t i : found->second) providers.insert(prices_[i].provider);
    if (provider.empty() && providers.size() > 1) {
      error.message = "the model " + name + " is unpriced: several providers have it";
      error.hint = "Name the provider:";
      for (const std::string& each : providers) error.hint += " " + each;
      return error;
    }
    if (provider.empty() || providers.contains(std::string(provider))) {
      error.message = "the model " + name + " is unpriced: price list " + version_ +
                      " has no price for a prompt of " + std::to_string(prompt_tokens) + " tokens";
      return error;
    }
  }
  std::vector<std::string> names;
  for (const ModelPrice& price : prices_)
    if (provider.empty() || price.provider == provider) names.push_back(price.model);
  const auto near = near_names(model, std::move(names), 3);
  for (const std::string& each : near)
    error.hint += (error.hint.empty() ? "Near names: " : ", ") + each;
  if (!error.hint.empty()) error.hint += ". ";
  error.hint += "`croft prices update FILE --merge` adds a price";
  return error;
}

Result<PriceList> PriceList::merged(const PriceList& changes) const {
  std::set<std::pair<std::string, std::string>> changed;
  for (const ModelPrice& price : changes.prices_) changed.insert({price.provider, price.model});
  std::string joined = price_header_line(std::max(date_, changes.date_)) + "\n";
  std::vector<const ModelPrice*> rows;
  for (const ModelPrice& price : prices_)
    if (!changed.contains({price.provider, price.model})) rows.push_back(&price);
  for (const ModelPrice& price : changes.prices_) rows.push_back(&price);
  std::sort(rows.begin(), rows.end(),
            [](const ModelPrice* a, const ModelPrice* b) { return order_of(*a) < order_of(*b); });
  for (const ModelPrice* price : rows) joined += price_line(*price) + "\n";
  return parse(joined, "the merged price list");
}

std::string price_header_line(std::string_view date) {
  return R"({"format":"croft-prices-1","date":)" + json_text(date) + "}";
}

std::string price_line(const ModelPrice& price) {
  // By hand: JSON libraries write 0.15 as 1.5E-1.
  std::string line =
      "{\"provider\":" + json_text(price.provider) + ",\"model\":" + json_text(price.model);
  if (!price.aliases.empty()) {
    line += ",\"aliases\":[";
    for (std::size_t i = 0; i < price.aliases.size(); ++i)
      line += (i == 0 ? "" : ",") + json_text(price.aliases[i]);
    line += "]";
  }
  line += ",\"currency\":" + json_text(price.rates.currency);
  line += ",\"input\":" + number_text(price.rates.input);
  if (price.rates.cached_input)
    line += ",\"cached_input\":" + number_text(*price.rates.cached_input);
  if (price.rates.cache_write) line += ",\"cache_write\":" + number_text(*price.rates.cache_write);
  line += ",\"output\":" + number_text(price.rates.output);
  if (price.prompt_tokens_max)
    line += ",\"prompt_tokens_max\":" + std::to_string(*price.prompt_tokens_max);
  line += ",\"date\":" + json_text(price.date) + ",\"source\":" + json_text(price.source);
  if (price.untested) line += ",\"untested\":true";
  if (!price.note.empty()) line += ",\"note\":" + json_text(price.note);
  return line + "}";
}

}  // namespace croft

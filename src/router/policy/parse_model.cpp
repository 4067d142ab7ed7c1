#include <algorithm>

#include "router/policy/config_keys.h"
#include "router/policy/parse_parts.h"
#include "router/policy/table_reader.h"

namespace croft {
namespace {

void read_capabilities(TableReader& reader, CandidateModel& out, Problems& problems) {
  const ConfigNode* given = reader.given("capabilities");
  const std::vector<std::string> names = reader.texts("capabilities");
  if (given == nullptr) return;
  out.tools = out.json = out.images = false;
  const std::vector<std::string> known = {"tools", "json", "images"};
  for (const std::string& name : names) {
    if (name == "tools")
      out.tools = true;
    else if (name == "json")
      out.json = true;
    else if (name == "images")
      out.images = true;
    else
      problems.error(*given, "has '" + name + "' in it, which is no capability",
                     did_you_mean(name, known));
  }
}

/// `price = "openai/gpt-4.1"` or "unknown".
void read_listed_price(const ConfigNode& given, const std::string& name,
                       const RouterSurroundings& around, CandidateModel& out, Problems& problems) {
  out.prices.unpriced = true;
  if (name == "unknown" || !around.listed_price) return;
  Result<TokenPrices> prices = around.listed_price(name);
  if (prices)
    out.prices = *std::move(prices);
  else
    problems.error(given, "names no price: " + prices.error().message, prices.error().hint);
}

void read_prices(TableReader& reader, const ConfigNode& node, const RouterSurroundings& around,
                 CandidateModel& out, Problems& problems) {
  const ConfigNode* in = reader.given("price_in");
  const ConfigNode* answer = reader.given("price_out");
  const ConfigNode* cached = reader.given("price_cached");
  const ConfigNode* written = reader.given("price_cache_write");
  const ConfigNode* listed = reader.given("price");
  const bool free = reader.flag("free");
  const std::string name = reader.text("price");
  out.prices.in = reader.real("price_in");
  out.prices.out = reader.real("price_out");
  out.prices.cached = reader.real("price_cached");
  const double write = reader.real("price_cache_write");
  if (written != nullptr) out.prices.cache_write = write;
  if (cached == nullptr) out.prices.cached = out.prices.in;
  if (cached != nullptr && out.prices.cached > out.prices.in)
    problems.warning(*cached, "is more than price_in: cached tokens are dearer than others");
  for (const ConfigNode* price : {in, answer, cached, written}) {
    if (price == nullptr) continue;
    if (free && price->real > 0)
      problems.error(*price, "is given, and so is free = true", "Keep one of them");
    if (listed != nullptr)
      problems.error(*price, "is given, and so is `price`", "Keep one of them");
  }
  if (free && listed != nullptr)
    problems.error(*listed, "is given, and so is free = true", "Keep one of them");
  if (free || out.is_local()) return;
  if (listed != nullptr) return read_listed_price(*listed, name, around, out, problems);
  // Only what was left out: a price that is given wrongly has its own problem.
  if (node.find("price_in") == nullptr || node.find("price_out") == nullptr)
    problems.error(node, "has no price",
                   "Give price_in and price_out (per million tokens), or price = "
                   "\"PROVIDER/MODEL\" of `croft prices list`, or \"unknown\", or say free = true: "
                   "an unknown price is never taken for 0");
}

}  // namespace

CandidateModel parse_model(const ConfigNode& node, const RouterConfig& config,
                           const RouterSurroundings& around, Problems& problems) {
  CandidateModel out;
  out.name = node.name;
  out.place = node.place();
  TableReader reader(node, model_keys(), problems);
  check_name(node, problems);
  if (node.name.starts_with("local:"))
    problems.error(node, "has a name that begins with local:", "Leave that out of the name");
  const std::string upstream = reader.text("upstream");
  if (reader.require("upstream") && upstream != "local") {
    const auto found = std::ranges::find(config.upstreams, upstream, &UpstreamConfig::name);
    out.upstream = static_cast<std::size_t>(found - config.upstreams.begin());
    if (found == config.upstreams.end()) {
      std::vector<std::string> known = {"local"};
      for (const UpstreamConfig& each : config.upstreams) known.push_back(each.name);
      problems.error(*reader.given("upstream"), "is '" + upstream + "', which is no upstream",
                     did_you_mean(upstream, known));
    }
  }
  out.model = reader.given("model") != nullptr ? reader.text("model") : node.name;
  out.context = static_cast<std::size_t>(reader.integer("context"));
  out.prices.currency =
      reader.given("currency") != nullptr ? reader.text("currency") : config.currency;
  if (!is_currency(out.prices.currency) && reader.given("currency") != nullptr)
    problems.error(*reader.given("currency"), "must be three capital letters, such as EUR");
  read_prices(reader, node, around, out, problems);
  read_capabilities(reader, out, problems);
  out.weight = reader.real("weight");
  reader.check_all_read();
  return out;
}

}  // namespace croft

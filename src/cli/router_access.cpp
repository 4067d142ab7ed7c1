#include "cli/router_access.h"

#include "base/limits.h"
#include "cli/config_file.h"
#include "cli/model_access.h"
#include "cli/price_access.h"
#include "cli/terminal.h"
#include "router/gates/intent_model.h"
#include "router/policy/parse_parts.h"
#include "store/model_library.h"
#include "store/prices/candidate_price.h"

namespace croft::cli {
namespace {

Result<std::string> read_words(const std::filesystem::path& file) {
  // Absolute, so that a list called "-" is no standard input.
  return read_file_or_stdin(std::filesystem::absolute(file).string(), limits::json_file_bytes_max);
}

}  // namespace

Result<ParsedRouter> read_router(const Settings& settings) {
  const ConfigNode root = TRY(load_router_tables(settings.text("config")));
  RouterSurroundings around;
  // Without a readable library names are taken on trust: the library's own trouble is not the
  // configuration's.
  if (const auto models = list_models(models_root(settings))) {
    around.installed.emplace();
    for (const InstalledModel& model : *models) around.installed->push_back(model.name);
  }
  around.is_model = [&](const std::string& name) { return model_path(settings, name).has_value(); };
  around.labels = [](const std::filesystem::path& file) -> std::optional<std::vector<std::string>> {
    const auto model = IntentModel::load(file);
    if (!model) return std::nullopt;  // said where the model is used
    return model->labels();
  };
  around.read_words = read_words;
  // Read where a model asks for it: a configuration without `price` needs no database.
  std::optional<PriceList> prices;
  around.listed_price = [&](const std::string& name) -> Result<TokenPrices> {
    if (!prices) prices = TRY(active_prices(settings));
    return prices_from_list(*prices, name);
  };
  return parse_router(root, around);
}

Result<std::shared_ptr<const privacy::CustomRules>> read_privacy_rules(const Settings& settings) {
  const ConfigNode root = TRY(load_router_tables(settings.text("config")));
  Problems problems;
  auto rules = parse_privacy(
      root, {.installed = {}, .is_model = {}, .labels = {}, .read_words = read_words}, problems);
  if (problems.errors() != 0) return std::unexpected(first_error(problems.list()));
  return rules;
}

}  // namespace croft::cli

#include "cli/router_access.h"

#include "cli/config_file.h"
#include "cli/model_access.h"
#include "router/gates/intent_model.h"
#include "store/model_library.h"

namespace croft::cli {

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
  return parse_router(root, around);
}

}  // namespace croft::cli

#include "base/json.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "store/model_library.h"

namespace croft::cli {

Result<int> import_verb(const Settings& settings) {
  const std::string& mode = settings.text("mode");
  const ImportOptions options{.mode = mode == "move"   ? ImportMode::Move
                                      : mode == "link" ? ImportMode::Link
                                                       : ImportMode::Copy,
                              .licence = settings.text("licence")};
  const InstalledModel model = TRY(import_model(models_root(settings), settings.arguments().front(),
                                                settings.text("name"), options));
  if (settings.flag("json"))
    TRY(print_line(json::serialize(json::object{{"name", model.name},
                                                {"path", model.path.string()},
                                                {"bytes", model.bytes},
                                                {"sha256", model.sha256}})));
  else
    note("installed " + model.name + " at " + model.path.string());
  return 0;
}

}  // namespace croft::cli

#include "base/json.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/text_columns.h"
#include "cli/verbs/verbs.h"
#include "store/catalogue.h"
#include "store/model_library.h"

namespace croft::cli {
namespace {

using Row = std::vector<std::string>;

json::object model_json(const InstalledModel& model) {
  return {{"name", valid_utf8(model.name)},       {"path", valid_utf8(model.path.string())},
          {"format", to_string(model.format)},    {"bytes", model.bytes},
          {"source", valid_utf8(model.source)},   {"sha256", model.sha256},
          {"licence", valid_utf8(model.licence)}, {"installed_at", model.installed_at},
          {"problem", valid_utf8(model.problem)}};
}

json::object catalogue_json(const CatalogueEntry& entry) {
  return {{"name", entry.name()},
          {"title", entry.title},
          {"purpose", entry.purpose == ModelPurpose::Embedding ? "embedding" : "chat"},
          {"parameters", entry.parameters},
          {"bytes", entry.bytes},
          {"bytes_approximate", entry.bytes_approximate},
          {"context_length", entry.context_length},
          {"licence", entry.licence},
          {"gated", entry.gated}};
}

Result<int> list_catalogue(const Settings& settings) {
  json::array documents;
  std::string names;
  std::vector<Row> rows = {{"NAME", "PARAMETERS", "SIZE", "CONTEXT", "LICENCE", "MODEL"}};
  for (const CatalogueEntry& entry : catalogue()) {
    documents.push_back(catalogue_json(entry));
    names += entry.name() + "\n";
    rows.push_back({entry.name(), std::string(entry.parameters),
                    human_bytes(static_cast<double>(entry.bytes)),
                    std::to_string(entry.context_length), std::string(entry.licence),
                    std::string(entry.title)});
  }
  if (settings.flag("json"))
    TRY(print_line(json::serialize(documents)));
  else
    TRY(print(settings.flag("names") ? names : text_columns(rows)));
  return 0;
}

}  // namespace

Result<int> list_verb(const Settings& settings) {
  if (settings.flag("catalogue")) return list_catalogue(settings);
  const std::vector<InstalledModel> models = TRY(list_models(models_root(settings)));
  json::array documents;
  std::string names;
  std::vector<Row> rows = {{"NAME", "SIZE", "FORMAT", "LICENCE", "PATH"}};
  for (const InstalledModel& model : models) {
    documents.push_back(model_json(model));
    names += escape_controls(model.name) + "\n";
    const std::string state = model.problem.empty() ? model.path.string() : model.problem;
    rows.push_back({model.name, human_bytes(static_cast<double>(model.bytes)),
                    std::string(to_string(model.format)), model.licence, state});
  }
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(documents)));
    return 0;
  }
  if (settings.flag("names")) {
    TRY(print(names));
    return 0;
  }
  if (models.empty()) {
    note("no models in " + models_root(settings).string() +
         " yet; `croft pull smollm2:135m` gets a small one");
    return 0;
  }
  TRY(print(text_columns(rows)));
  return 0;
}

}  // namespace croft::cli

#include <algorithm>

#include "base/json.h"
#include "cli/checkup.h"
#include "cli/config_file.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

constexpr int kExitProblem = 1;

std::string_view state_name(Finding::State state) {
  switch (state) {
    case Finding::State::Note:
      return "note";
    case Finding::State::Problem:
      return "problem";
    case Finding::State::Fine:
      break;
  }
  return "ok";
}

/// `serve` with the configuration of this machine: its host, port and key file are what matters
/// here.
Result<Settings> serve_settings(const Settings& settings) {
  const std::vector<ConfigValue> file = TRY(load_config(settings.text("config")));
  return Settings::create({.verb = find_verb("serve"), .arguments = {}, .options = {}},
                          process_environment(), file);
}

}  // namespace

Result<int> doctor_verb(const Settings& settings) {
  const Settings serve = TRY(serve_settings(settings));
  const auto root = models_root(settings);
  const std::vector<Finding> findings = {
      check_cpu(),
      check_memory(),
      check_models_folder(root),
      check_models(root),
      check_disk(root),
      check_port(serve.text("host"), static_cast<std::uint16_t>(serve.integer("port"))),
      check_key_file(key_file_path(serve.text("key-file"), root))};
  const bool has_problem = std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.state == Finding::State::Problem; });
  if (settings.flag("json")) {
    json::array checks;
    for (const Finding& finding : findings)
      checks.emplace_back(json::object{{"name", finding.name},
                                       {"state", state_name(finding.state)},
                                       {"text", finding.text},
                                       {"hint", finding.hint}});
    TRY(print_line(
        json::serialize(json::object{{"ok", !has_problem}, {"checks", std::move(checks)}})));
  } else {
    for (const Finding& finding : findings) {
      std::string row(state_name(finding.state));
      row += std::string(9 - row.size(), ' ') + finding.name;
      row += std::string(24 - row.size(), ' ') + escape_controls(finding.text) + "\n";
      if (!finding.hint.empty()) row += std::string(24, ' ') + escape_controls(finding.hint) + "\n";
      TRY(print(row));
    }
  }
  return has_problem ? kExitProblem : 0;
}

}  // namespace croft::cli

#include <iostream>

#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "store/model_library.h"

namespace croft::cli {
namespace {

/// Without a terminal nobody can be asked: then --yes is needed.
Result<bool> is_confirmed(const Settings& settings, const InstalledModel& model) {
  if (settings.flag("yes")) return true;
  if (!stdin_is_terminal() || !stderr_is_terminal())
    return fail(ErrorCode::InvalidArgument, "nobody is here to confirm the removal",
                "Add --yes to remove without being asked");
  std::cerr << "Remove " << escape_controls(model.name) << " ("
            << human_bytes(static_cast<double>(model.bytes)) << ")? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

Result<int> rm_verb(const Settings& settings) {
  const auto root = models_root(settings);
  for (const std::string& name : settings.arguments()) {
    const InstalledModel model = TRY(find_model(root, name));
    const bool confirmed = TRY(is_confirmed(settings, model));
    if (!confirmed) {
      note("kept " + model.name);
      continue;
    }
    const InstalledModel removed = TRY(remove_model(root, name));
    note("removed " + removed.name);
  }
  return 0;
}

}  // namespace croft::cli

#include "cli/help.h"

#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {

Result<int> help_verb(const Settings& settings) {
  if (settings.arguments().empty()) {
    TRY(print(overview_help()));
    return 0;
  }
  std::string name;
  for (const std::string& word : settings.arguments()) name += (name.empty() ? "" : " ") + word;
  bool found = false;
  for (const VerbSpec& verb : verbs()) {
    // `croft help config` explains `config show` and `config check`.
    if (verb.name != name && !verb.name.starts_with(name + " ")) continue;
    TRY(print((found ? "\n" : "") + verb_help(verb)));
    found = true;
  }
  if (found) return 0;
  return fail(ErrorCode::InvalidArgument, "there is no verb '" + name + "'",
              "`croft help` lists the verbs");
}

}  // namespace croft::cli

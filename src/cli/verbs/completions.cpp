#include "cli/completions.h"

#include "cli/reference.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {

Result<int> completions_verb(const Settings& settings) {
  const std::string& shell = settings.arguments().front();
  TRY(print(shell == "bash"  ? bash_completion()
            : shell == "zsh" ? zsh_completion()
                             : fish_completion()));
  return 0;
}

Result<int> docs_verb(const Settings& settings) {
  TRY(print(settings.arguments().front() == "man" ? man_page() : markdown_reference()));
  return 0;
}

}  // namespace croft::cli

#include "base/cpu.h"
#include "base/json.h"
#include "cli/build_info.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {

Result<int> version_verb(const Settings& settings) {
  const Isa isa = TRY(chosen_isa());
  std::string text;
  if (settings.flag("json")) {
    text = json::serialize(json::object{{"version", version_text()},
                                        {"commit", commit_text()},
                                        {"compiler", compiler_text()},
                                        {"build_type", build_type_text()},
                                        {"isa", isa_name(isa)},
                                        {"cpu", cpu_model_name()}});
  } else {
    text = "croft " + std::string(version_text()) + " (commit " + std::string(commit_text()) +
           ", " + std::string(compiler_text()) + ", " + std::string(build_type_text()) + ", " +
           std::string(isa_name(isa)) + ")";
  }
  TRY(print_line(text));
  return 0;
}

}  // namespace croft::cli

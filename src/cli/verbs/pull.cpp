#include "store/pull.h"
#include "base/json.h"
#include "cli/interrupts.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {

Result<int> pull_verb(const Settings& settings) {
  const std::string& name = settings.arguments().front();
  Interrupts interrupts;
  auto pulled = [&] {
    Progress progress(name, Progress::Unit::Bytes);
    PullOptions options;
    options.from_file = settings.text("from");
    options.pack = settings.flag("pack");
    options.stop = interrupts.begin();
    options.on_progress = [&](const PullProgress& news) {
      progress.update(news.bytes_done, news.bytes_total, news.bytes_resumed);
    };
    return pull_model(models_root(settings), name, options);
  }();
  if (!pulled) return std::unexpected(std::move(pulled).error());
  if (settings.flag("json"))
    TRY(print_line(json::serialize(json::object{{"name", pulled->name},
                                                {"path", pulled->path.string()},
                                                {"bytes", pulled->bytes},
                                                {"sha256", pulled->sha256},
                                                {"licence", pulled->licence},
                                                {"source", pulled->source}})));
  else
    note("installed " + pulled->name + " at " + pulled->path.string());
  return 0;
}

}  // namespace croft::cli

#include <chrono>

#include "base/json.h"
#include "cli/interrupts.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "model/packed_file.h"

namespace croft::cli {

Result<int> pack_verb(const Settings& settings) {
  const auto source = TRY(model_path(settings, settings.arguments().front()));
  const std::string& given = settings.text("output");
  const std::filesystem::path target =
      given.empty() ? packed_file_path(source) : std::filesystem::path(given);
  Interrupts interrupts;
  PackOptions options{.threads = settings.size("threads"),
                      .overwrite = settings.flag("force"),
                      .stop = interrupts.begin()};
  const auto begin = std::chrono::steady_clock::now();
  auto packed = [&] {
    Progress progress("packing", Progress::Unit::Bytes);
    options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
      progress.update(done, total);
    };
    return pack_model_file(source, target, options);
  }();
  if (!packed) return std::unexpected(std::move(packed).error());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (settings.flag("json"))
    TRY(print_line(
        json::serialize(json::object{{"source", valid_utf8(source.string())},
                                     {"path", valid_utf8(target.string())},
                                     {"bytes", packed->bytes},
                                     {"packed_layout", packed_layout_version},
                                     {"tensors_count", packed->tensors_count},
                                     {"tensors_packed_count", packed->tensors_packed_count},
                                     {"seconds", seconds.count()}})));
  else
    note("packed " + std::to_string(packed->tensors_packed_count) + " of " +
         std::to_string(packed->tensors_count) + " tensors into " + target.string());
  return 0;
}

}  // namespace croft::cli

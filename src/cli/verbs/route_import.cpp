#include <cstdio>

#include "base/json.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "router/policy/import/import_router.h"

namespace croft::cli {
namespace {

std::string import_json(const RouterImport& made) {
  json::array notes;
  for (const ImportNote& note : made.notes)
    notes.emplace_back(json::object{{"kind", import_note_text(note.kind)},
                                    {"path", valid_utf8(note.path)},
                                    {"place", valid_utf8(note.place)},
                                    {"reason", valid_utf8(note.reason)}});
  return json::serialize(
      json::object{{"format", made.format}, {"toml", made.toml}, {"notes", std::move(notes)}});
}

}  // namespace

Result<int> route_import_verb(const Settings& settings) {
  const std::string& file = settings.arguments().front();
  const std::string& format = settings.text("format");
  const RouterImportOptions options{.format = format == "litellm"    ? ImportFormat::LiteLlm
                                              : format == "lemonade" ? ImportFormat::Lemonade
                                                                     : ImportFormat::Auto,
                                    .cloud = settings.list("cloud")};
  const std::string text = TRY(read_file_or_stdin(file, import_bytes_max));
  const RouterImport made = TRY(import_router(text, file == "-" ? "stdin" : file, options));
  if (settings.flag("json")) {
    TRY(print_line(import_json(made)));
    return 0;
  }
  TRY(print(made.toml));
  for (const ImportNote& each : made.notes) {
    // Not a note that --quiet leaves out: it is half of the result.
    const std::string line =
        escape_controls(each.place + ": " + each.path + " " +
                        std::string(import_note_text(each.kind)) + ": " + each.reason) +
        "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  return 0;
}

}  // namespace croft::cli

#include <algorithm>

#include "base/json.h"
#include "cli/config_file.h"
#include "cli/router_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

struct Line {
  std::string key;
  Setting setting;
};

std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::Flag:
      return "flag";
    case Origin::Environment:
      return "environment";
    case Origin::File:
      return "file";
    case Origin::Default:
      break;
  }
  return "default";
}

std::string value_text(const Setting& setting) {
  std::string text;
  for (const std::string& value : setting.values) text += (text.empty() ? "" : ",") + value;
  return text;
}

Result<std::vector<ConfigValue>> loaded(const Settings& settings) {
  return load_config(settings.text("config"));
}

/// Every setting that croft.toml can hold, of every verb.
Result<std::vector<Line>> all_lines(const Settings& settings) {
  const std::vector<ConfigValue> file = TRY(loaded(settings));
  std::vector<Line> lines;
  const auto add = [&](const VerbSpec* verb) -> Result<void> {
    // The flags of this command line are global ones only: `config show` has no --port.
    const std::vector<Setting> resolved = TRY(resolve_settings(
        verb, verb == nullptr ? &settings.parsed() : nullptr, process_environment(), file));
    for (const Setting& setting : resolved)
      if (setting.option->in_file) lines.push_back({config_key(verb, *setting.option), setting});
    return {};
  };
  TRY(add(nullptr));
  for (const VerbSpec& verb : verbs()) TRY(add(&verb));
  return lines;
}

}  // namespace

Result<int> config_show_verb(const Settings& settings) {
  std::vector<Line> lines = TRY(all_lines(settings));
  if (settings.flag("changed"))
    std::erase_if(lines, [](const Line& line) { return line.setting.origin == Origin::Default; });
  if (settings.flag("json")) {
    json::array documents;
    for (const Line& line : lines)
      documents.emplace_back(json::object{
          {"key", line.key},
          {"value", line.setting.values.empty() ? json::value(nullptr)
                                                : json::value(value_text(line.setting))},
          {"origin", origin_name(line.setting.origin)},
          {"place", line.setting.place}});
    TRY(print_line(json::serialize(documents)));
    return 0;
  }
  std::string text;
  for (const Line& line : lines) {
    std::string row = line.key + " = " + escape_controls(value_text(line.setting));
    if (settings.flag("origin"))
      row += std::string(row.size() < 44 ? 44 - row.size() : 1, ' ') +
             dimmed("# " + line.setting.place);
    text += row + "\n";
  }
  TRY(print(text));
  return 0;
}

Result<int> config_check_verb(const Settings& settings) {
  TRY(all_lines(settings));
  ParsedRouter router = TRY(read_router(settings));
  TRY(router_or_error(std::move(router)));
  const auto files = config_files(settings.text("config"));
  for (const auto& file : files) note(file.string() + " is fine");
  if (files.empty()) note("there is no configuration file; every setting has its default");
  return 0;
}

}  // namespace croft::cli

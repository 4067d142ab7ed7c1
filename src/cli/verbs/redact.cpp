#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/limits.h"
#include "cli/router_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "router/privacy/find_entities.h"
#include "router/privacy/redaction.h"
#include "text/utf8.h"

namespace croft::cli {
namespace {

using privacy::EntitySet;
using privacy::Finding;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Result<EntitySet> wanted_types(const std::vector<std::string>& lists) {
  if (lists.empty()) return privacy::all_entities();
  EntitySet wanted;
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const std::string name(list.substr(0, list.find(',')));
      list.remove_prefix(std::min(list.size(), name.size() + 1));
      if (name.empty()) continue;
      const auto type = privacy::find_entity_type(name);
      if (!type) {
        const std::string near = nearest_name(name, privacy::entity_names());
        return fail(ErrorCode::InvalidArgument, "--types: '" + name + "' is no type of entity",
                    (near.empty() ? "" : "Did you mean " + near + "? ") + "The types are " +
                        joined(privacy::entity_names()));
      }
      wanted.set(static_cast<std::size_t>(*type));
    }
  }
  if (wanted.none())
    return fail(ErrorCode::InvalidArgument, "--types names no type of entity",
                "The types are " + joined(privacy::entity_names()));
  return wanted;
}

/// Finds in one text after the other.
class Redactor {
 public:
  Redactor(const EntitySet& wanted, std::shared_ptr<const privacy::CustomRules> rules)
      : wanted_(wanted), rules_(std::move(rules)) {
    scratch_.custom = rules_.get();
  }

  std::string text(std::string_view text) {
    find(text);
    return privacy::redacted(text, kept_);
  }

  /// Sets "entities" and "text" in front of what else the object holds.
  json::object document(json::object document, std::string_view text) {
    find(text);
    json::array entities;
    for (const Finding& finding : kept_)
      entities.push_back(json::object{{"type", privacy::entity_name(finding.type)},
                                      {"start", finding.start},
                                      {"end", finding.end},
                                      {"score", std::round(finding.score * 100.0) / 100.0}});
    json::object out{{"entities", std::move(entities)}, {"text", privacy::redacted(text, kept_)}};
    for (auto& member : document)
      if (!out.contains(member.key())) out[member.key()] = std::move(member.value());
    return out;
  }

 private:
  void find(std::string_view text) {
    kept_.clear();
    for (const Finding& finding : privacy::find_entities(text, scratch_))
      if (privacy::contains(wanted_, finding.type)) kept_.push_back(finding);
  }

  EntitySet wanted_;
  std::shared_ptr<const privacy::CustomRules> rules_;
  privacy::FindScratch scratch_;
  std::vector<Finding> kept_;
};

Result<void> redact_lines(std::string_view input, const std::string& name, Redactor& redactor) {
  std::size_t number = 0;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string place = name + ", line " + std::to_string(number);
    json::value value = TRY(parse_json(line, place));
    const auto text = find_string(value, "text");
    if (!text)
      return fail(ErrorCode::InvalidArgument, place + " has no text",
                  "Each line is an object with a string \"text\"");
    const std::string copy(*text);
    TRY(print_line(json::serialize(redactor.document(std::move(value.as_object()), copy))));
  }
  return {};
}

}  // namespace

Result<int> redact_verb(const Settings& settings) {
  // First: --types may name one of its types.
  auto rules = TRY(read_privacy_rules(settings));
  Redactor redactor(TRY(wanted_types(settings.list("types"))), std::move(rules));
  const std::string& path = settings.arguments().front();
  const std::string input = TRY(read_file_or_stdin(path, limits::json_file_bytes_max));
  const std::string name = path == "-" ? "standard input" : path;
  if (settings.flag("jsonl")) {
    TRY(redact_lines(input, name, redactor));
  } else if (settings.flag("json")) {
    if (!utf8::is_valid(input))
      return fail(ErrorCode::InvalidArgument, name + " is not UTF-8, which JSON must be",
                  "Convert it, or leave --json out");
    TRY(print_line(json::serialize(redactor.document({}, input))));
  } else {
    TRY(print(for_stdout(redactor.text(input))));
  }
  return 0;
}

}  // namespace croft::cli

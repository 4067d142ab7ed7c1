#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/limits.h"
#include "cli/router_access.h"
#include "cli/second_look.h"
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

/// The model to ask, or null. Errors: as SecondLook::open; InvalidArgument: `wanted` has no names.
Result<std::unique_ptr<SecondLook>> second_look(const Settings& settings, const EntitySet& wanted) {
  const std::string& model = settings.text("second-look");
  if (model.empty()) return nullptr;
  if (!privacy::contains(wanted, privacy::EntityType::Person))
    return fail(ErrorCode::InvalidArgument,
                "--second-look finds names of persons, and --types leaves them out",
                "Add PERSON to --types, or leave --second-look out");
  return SecondLook::open(settings, model);
}

/// Whether the configuration says never to flag it.
bool is_allowed(const privacy::CustomRules& rules, std::string_view name) {
  constexpr float kOurs = 0.0f;  // no rule gives this score
  std::vector<Finding> findings = {{privacy::EntityType::Person, 0, name.size(), kOurs}};
  rules.apply(name, nullptr, findings);
  return findings.empty() || findings.front().score != kOurs;
}

/// Finds in one text after the other.
class Redactor {
 public:
  Redactor(const EntitySet& wanted, std::shared_ptr<const privacy::CustomRules> rules,
           std::unique_ptr<SecondLook> second_look)
      : wanted_(wanted), rules_(std::move(rules)), second_look_(std::move(second_look)) {
    scratch_.custom = rules_.get();
  }

  /// `place` is how errors call the text, here and below. Errors: as SecondLook::look.
  Result<std::string> text(std::string_view text, const std::string& place) {
    TRY(find(text, place));
    return privacy::redacted(text, kept_);
  }

  /// Sets "entities" and "text" in front of what else the object holds.
  Result<json::object> document(json::object document, std::string_view text,
                                const std::string& place) {
    TRY(find(text, place));
    json::array entities;
    for (const Finding& finding : kept_) {
      json::object entity{{"type", privacy::entity_name(finding.type)},
                          {"start", finding.start},
                          {"end", finding.end},
                          {"score", std::round(finding.score * 100.0) / 100.0}};
      if (std::ranges::binary_search(by_model_, finding.start, {}, &Finding::start))
        entity["by"] = "model";
      entities.push_back(std::move(entity));
    }
    json::object out{{"entities", std::move(entities)}, {"text", privacy::redacted(text, kept_)}};
    for (auto& member : document)
      if (!out.contains(member.key())) out[member.key()] = std::move(member.value());
    return out;
  }

  /// What a person should know about the second look; else empty.
  [[nodiscard]] std::string shortfall() const {
    return second_look_ ? second_look_->shortfall() : std::string{};
  }

 private:
  Result<void> find(std::string_view text, const std::string& place) {
    kept_.clear();
    by_model_.clear();
    const auto found = privacy::find_entities(text, scratch_);
    if (second_look_) {
      by_model_ = TRY(second_look_->look(text, found, place));
      std::erase_if(by_model_, [&](const Finding& finding) {
        return rules_ &&
               is_allowed(*rules_, text.substr(finding.start, finding.end - finding.start));
      });
    }
    for (const Finding& finding : found)
      if (privacy::contains(wanted_, finding.type)) kept_.push_back(finding);
    kept_.insert(kept_.end(), by_model_.begin(), by_model_.end());
    std::ranges::sort(kept_, {}, &Finding::start);
    return {};
  }

  EntitySet wanted_;
  std::shared_ptr<const privacy::CustomRules> rules_;
  std::unique_ptr<SecondLook> second_look_;
  privacy::FindScratch scratch_;
  std::vector<Finding> by_model_;  ///< in order
  std::vector<Finding> kept_;      ///< in order, those included
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
    const json::object out = TRY(redactor.document(std::move(value.as_object()), copy, place));
    TRY(print_line(json::serialize(out)));
  }
  return {};
}

}  // namespace

Result<int> redact_verb(const Settings& settings) {
  // First: --types may name one of its types.
  auto rules = TRY(read_privacy_rules(settings));
  const EntitySet wanted = TRY(wanted_types(settings.list("types")));
  const std::string& path = settings.arguments().front();
  const std::string input = TRY(read_file_or_stdin(path, limits::json_file_bytes_max));
  const std::string name = path == "-" ? "standard input" : path;
  Redactor redactor(wanted, std::move(rules), TRY(second_look(settings, wanted)));
  if (settings.flag("jsonl")) {
    TRY(redact_lines(input, name, redactor));
  } else if (settings.flag("json")) {
    if (!utf8::is_valid(input))
      return fail(ErrorCode::InvalidArgument, name + " is not UTF-8, which JSON must be",
                  "Convert it, or leave --json out");
    const json::object out = TRY(redactor.document({}, input, name));
    TRY(print_line(json::serialize(out)));
  } else {
    const std::string out = TRY(redactor.text(input, name));
    TRY(print(for_stdout(out)));
  }
  if (const std::string said = redactor.shortfall(); !said.empty()) note(said);
  return 0;
}

}  // namespace croft::cli

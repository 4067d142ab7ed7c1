// POST /v1/redact: what `croft redact` does, over HTTP.
#include <cmath>

#include "router/privacy/redaction.h"
#include "server/api/fields.h"
#include "server/api/routes.h"

namespace croft {
namespace {

using privacy::EntitySet;
using privacy::Finding;

Result<EntitySet> wanted_types(const json::object& body) {
  const json::value* types = find(body, "types");
  if (types == nullptr) return privacy::all_entities();
  EntitySet wanted;
  for (const json::value& each : types->get_array()) {
    const auto type = each.is_string()
                          ? privacy::find_entity_type(std::string_view(each.get_string()))
                          : std::nullopt;
    if (!type) {
      std::string names;
      for (const std::string& name : privacy::entity_names())
        names += (names.empty() ? "" : ", ") + name;
      return fail(ErrorCode::InvalidArgument,
                  "`types` has " + json::serialize(each) + ", which is no type of entity",
                  "The types are " + names, "types");
    }
    wanted.set(static_cast<std::size_t>(*type));
  }
  if (wanted.none())
    return fail(ErrorCode::InvalidArgument, "`types` names no type of entity",
                "Leave it out for all types", "types");
  return wanted;
}

}  // namespace

Result<json::object> redact_route(const json::object& body, const privacy::CustomRules* rules) {
  const std::vector<std::string> warnings = TRY(check_fields(redact_fields(), body));
  const EntitySet wanted = TRY(wanted_types(body));
  const std::string text = read_string(body, "text");
  thread_local privacy::FindScratch scratch;
  scratch.custom = rules;
  std::vector<Finding> kept;
  json::array entities;
  for (const Finding& finding : privacy::find_entities(text, scratch)) {
    if (!privacy::contains(wanted, finding.type)) continue;
    kept.push_back(finding);
    entities.push_back(json::object{{"type", privacy::entity_name(finding.type)},
                                    {"start", finding.start},
                                    {"end", finding.end},
                                    {"score", std::round(finding.score * 100.0) / 100.0}});
  }
  json::object answer{{"entities", std::move(entities)}, {"text", privacy::redacted(text, kept)}};
  if (!warnings.empty()) {
    json::array list;
    for (const std::string& warning : warnings) list.emplace_back(warning);
    answer["warnings"] = std::move(list);
  }
  return answer;
}

}  // namespace croft

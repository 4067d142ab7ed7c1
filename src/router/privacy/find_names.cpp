#include "router/privacy/find_names.h"

#include <algorithm>

#include "router/privacy/names/name_model_file.h"

namespace croft::privacy {
namespace {

/// What may stand inside an address without being anything of its own.
bool is_part_of_address(const Finding& finding) {
  using enum EntityType;
  return finding.type == PhoneNumber || finding.type == ZipCode || finding.type == DateTime ||
         finding.type == UsBankNumber || finding.type == UsSsn;
}

/// Addresses keep their numbers. Both lists are in order.
void drop_inside_addresses(std::vector<Finding>& findings, const std::vector<NameSpan>& spans) {
  auto span = spans.begin();
  std::erase_if(findings, [&](const Finding& finding) {
    while (span != spans.end() && span->end <= finding.start) ++span;
    return span != spans.end() && span->type == EntityType::StreetAddress &&
           span->start <= finding.start && finding.end <= span->end && is_part_of_address(finding);
  });
}

}  // namespace

bool find_names(std::string_view folded, const Clock::time_point* deadline, FindScratch& scratch) {
  const NameModel& model = scratch.model != nullptr ? *scratch.model : default_name_model();
  scratch.spans.clear();
  for (std::size_t at = 0; at < folded.size();) {
    if (deadline != nullptr && Clock::now() > *deadline) return false;
    at = model.find(folded, at, scratch.names, scratch.spans);
  }
  if (scratch.spans.empty()) return true;
  std::ranges::sort(scratch.findings, {}, &Finding::start);
  drop_inside_addresses(scratch.findings, scratch.spans);
  for (const NameSpan& span : scratch.spans)
    scratch.findings.push_back({span.type, span.start, span.end, span.score});
  return true;
}

}  // namespace croft::privacy

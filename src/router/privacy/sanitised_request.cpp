#include "router/privacy/sanitised_request.h"

#include "router/privacy/find_entities.h"

namespace croft::privacy {

Result<SanitisedRequest> sanitise(json::object body, PrivacyMode mode) {
  std::string text = json::serialize(body);
  if (mode == PrivacyMode::Allow) return SanitisedRequest(std::move(text));
  FindScratch scratch;
  const auto found = find_entities(text, scratch);
  if (!found.empty())
    return fail(ErrorCode::Forbidden, "the request holds personal data or secrets");
  return SanitisedRequest(std::move(text));
}

}  // namespace croft::privacy

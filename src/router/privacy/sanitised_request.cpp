#include "router/privacy/sanitised_request.h"

#include <array>
#include <utility>

#include "router/privacy/pseudonyms/pseudonymise.h"

namespace croft::privacy {
namespace {

constexpr std::array<std::pair<PrivacyMode, std::string_view>, 4> kModes = {{
    {PrivacyMode::LocalOnly, "local-only"},
    {PrivacyMode::Block, "block"},
    {PrivacyMode::Pseudonymise, "pseudonymise"},
    {PrivacyMode::Allow, "allow"},
}};

/// As the verdict would be if these types had been asked for.
Sensitivity with_gated(Sensitivity sensitivity, const EntitySet& gated) {
  sensitivity.gated = gated;
  return sensitivity;
}

bool stops(const PrivacyPolicy& policy, const Sensitivity& sensitivity) {
  const EntitySet forbidden = forbidden_types(policy);
  if (forbidden.none()) return false;
  // A picture may show anybody's papers; a route that lets people's data out lets it out.
  const bool tolerated = policy.mode == PrivacyMode::Allow && sensitivity.only_media;
  if (sensitivity.verdict == Verdict::Unknown && !tolerated) return true;
  if (policy.mode == PrivacyMode::Pseudonymise) return false;
  return with_gated(sensitivity, forbidden).found().any();
}

std::unexpected<Error> refusal(const PrivacyPolicy& policy, const Sensitivity& sensitivity) {
  const EntitySet forbidden = forbidden_types(policy);
  const std::string types = with_gated(sensitivity, forbidden).summary();
  std::string what = "the request must not leave this machine: ";
  if (!types.empty())
    what += "it holds " + types;
  else
    what += "nobody can tell what it holds, because " + sensitivity.unknown_reason;
  std::string hint;
  if (policy.mode == PrivacyMode::LocalOnly)
    hint = "Ask a local model, or take out what is named";
  else if (policy.mode == PrivacyMode::Pseudonymise)
    hint = "Ask a local model: what cannot be looked through cannot be replaced either";
  else if (policy.mode == PrivacyMode::Block)
    hint = "Take out what is named, or ask whoever runs this server for another route";
  else
    hint = "Keys and passwords never leave: take them out, or ask a local model";
  return fail(ErrorCode::Forbidden, std::move(what), std::move(hint));
}

}  // namespace

EntitySet forbidden_types(const PrivacyPolicy& policy) {
  if (policy.mode != PrivacyMode::Allow) return policy.gated | secret_entities();
  return policy.allow_secrets ? EntitySet{} : secret_entities();
}

std::string_view privacy_mode_name(PrivacyMode mode) {
  return kModes[static_cast<std::size_t>(mode)].second;
}

Result<PrivacyMode> parse_privacy_mode(std::string_view name) {
  for (const auto& [mode, text] : kModes)
    if (text == name) return mode;
  return fail(ErrorCode::InvalidArgument, "'" + std::string(name) + "' is no privacy mode",
              "The modes are local-only, block, pseudonymise and allow");
}

PrivacyDecision decide_privacy(const PrivacyPolicy& policy, const Sensitivity& sensitivity) {
  if (!stops(policy, sensitivity)) return PrivacyDecision::MayLeave;
  return policy.mode == PrivacyMode::Block ? PrivacyDecision::Refuse : PrivacyDecision::StayLocal;
}

Result<SanitisedRequest> sanitise(json::object body, const PrivacyPolicy& policy,
                                  const Sensitivity& earlier, FindScratch& scratch,
                                  PseudonymMap* pseudonyms) {
  const EntitySet forbidden = forbidden_types(policy);
  if (stops(policy, earlier)) return refusal(policy, earlier);
  if (policy.mode == PrivacyMode::Pseudonymise) {
    if (pseudonyms == nullptr)
      return fail(ErrorCode::Forbidden,
                  "the request must not leave this machine: nothing keeps its pseudonyms",
                  "This is a bug of Croft");
    body = TRY(pseudonymise(body, forbidden, policy.limits, scratch, *pseudonyms));
    return SanitisedRequest(std::move(body), policy.mode);
  }
  if (forbidden.any()) {
    const Sensitivity now =
        scan_request(body, forbidden, policy.limits, scratch, earlier.clean.get());
    if (stops(policy, now)) return refusal(policy, now);
  }
  return SanitisedRequest(std::move(body), policy.mode);
}

}  // namespace croft::privacy

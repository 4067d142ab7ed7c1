#pragma once
/// The only thing that providers send: a request's body that passed the privacy gate. Nobody but
/// sanitise() can make one, so that code which forgets the gate does not compile.

#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "router/privacy/sensitivity.h"

namespace croft::privacy {

class PseudonymMap;

/// What a route does with a request that holds personal data.
enum class PrivacyMode : std::uint8_t {
  LocalOnly,  ///< it stays on this machine: answered by a local model, or not at all
  Block,      ///< it is refused
  /// It leaves with surrogates in place of what was found, and the answer gets the values back;
  /// secrets go for good. What cannot be looked through stays.
  Pseudonymise,
  Allow,  ///< it may leave; secrets still may not, unless the policy says so too
};
/// "local-only", "block", "pseudonymise", "allow", as a route's `privacy` is written.
[[nodiscard]] std::string_view privacy_mode_name(PrivacyMode mode);
/// Errors: InvalidArgument (the names are listed).
Result<PrivacyMode> parse_privacy_mode(std::string_view name);

struct PrivacyPolicy {
  PrivacyMode mode = PrivacyMode::LocalOnly;
  /// With Allow: keys, tokens and passwords may leave as well. Without it a request with one of
  /// them, and one whose text could not be looked through, is refused in every mode.
  bool allow_secrets = false;
  EntitySet gated = gated_entities();  ///< what counts as personal, besides secrets
  ScanLimits limits;
};

/// Where a request may go, before anybody writes a body for an upstream.
enum class PrivacyDecision : std::uint8_t {
  MayLeave,
  StayLocal,  ///< only a local model may see it
  Refuse,     ///< the client gets a 403
};
[[nodiscard]] PrivacyDecision decide_privacy(const PrivacyPolicy& policy,
                                             const Sensitivity& sensitivity);

/// A body that may leave. Move-only.
class SanitisedRequest final {
 public:
  SanitisedRequest(SanitisedRequest&&) noexcept = default;
  SanitisedRequest& operator=(SanitisedRequest&&) noexcept = default;
  SanitisedRequest(const SanitisedRequest&) = delete;
  SanitisedRequest& operator=(const SanitisedRequest&) = delete;
  ~SanitisedRequest() = default;

  [[nodiscard]] const json::object& body() const { return body_; }
  /// The body as text, for the wire.
  [[nodiscard]] std::string serialize() const { return json::serialize(body_); }
  [[nodiscard]] PrivacyMode mode() const { return mode_; }

 private:
  explicit SanitisedRequest(json::object body, PrivacyMode mode)
      : body_(std::move(body)), mode_(mode) {}
  friend Result<SanitisedRequest> sanitise(json::object body, const PrivacyPolicy& policy,
                                           const Sensitivity& earlier, FindScratch& scratch,
                                           PseudonymMap* pseudonyms);

  json::object body_;
  PrivacyMode mode_;
};

/// What must not leave under `policy` as it is.
[[nodiscard]] EntitySet forbidden_types(const PrivacyPolicy& policy);

/// Lets `body`, as it would go out, through the gate. `earlier` is the verdict on what the client
/// sent: it binds, too, and the body is looked through again, because between the two somebody
/// wrote it anew in another dialect.
///
/// Pseudonymise needs `pseudonyms`, the request's own: what was replaced is in it afterwards, for
/// the answer. All attempts of a request share one.
/// Errors: Forbidden, naming types and counts, never values.
Result<SanitisedRequest> sanitise(json::object body, const PrivacyPolicy& policy,
                                  const Sensitivity& earlier, FindScratch& scratch,
                                  PseudonymMap* pseudonyms = nullptr);

}  // namespace croft::privacy

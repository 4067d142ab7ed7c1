#pragma once
/// The only type that may leave for an upstream. Placeholder of the seam until the privacy module's
/// own lands: examines every text of the body.

#include <string>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace croft::privacy {

enum class PrivacyMode : std::uint8_t { LocalOnly, Block, Allow };

class SanitisedRequest {
 public:
  SanitisedRequest(SanitisedRequest&&) = default;
  SanitisedRequest& operator=(SanitisedRequest&&) = default;
  [[nodiscard]] std::string take_text() && { return std::move(text_); }

 private:
  explicit SanitisedRequest(std::string text) : text_(std::move(text)) {}
  friend Result<SanitisedRequest> sanitise(json::object body, PrivacyMode mode);
  std::string text_;
};

Result<SanitisedRequest> sanitise(json::object body, PrivacyMode mode);

}  // namespace croft::privacy

#pragma once
/// Addresses of the net that are nobody's: domains of RFC 2606, networks for documentation of RFC
/// 5737, 2544 and 3849, interface addresses of RFC 7042.

#include <optional>
#include <string>
#include <string_view>

#include "router/privacy/pseudonyms/keyed_digest.h"

namespace croft::privacy {

/// "ainsley.marlwick@example.org". `local`: what stands before the sign; empty: invented.
[[nodiscard]] std::string surrogate_email(std::string_view local, Draw& draw);
/// nullopt: neither form of an address.
[[nodiscard]] std::optional<std::string> surrogate_ip(std::string_view value, Draw& draw);
[[nodiscard]] std::optional<std::string> surrogate_mac(std::string_view value, Draw& draw);
/// "https://marlwick.example/ab12" with the scheme and as deep a path as one step.
[[nodiscard]] std::string surrogate_url(std::string_view value, Draw& draw);
[[nodiscard]] std::string surrogate_domain(Draw& draw);  ///< "marlwick.example"

}  // namespace croft::privacy

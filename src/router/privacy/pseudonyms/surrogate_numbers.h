#pragma once
/// Numbers that look like the one they stand for and are nobody's: of reserved ranges where there
/// are some, else such as are not given out. Separators stay where they were.
///
/// Reserved: telephone numbers for drama of the United States and Canada (555-01xx), the United
/// Kingdom (Ofcom), Germany (BNetzA), France (ARCEP), Australia (ACMA), Sweden (PTS), elsewhere two
/// zeros after the country's code; cards of the test ranges that payment services publish, with
/// a valid check digit; social security numbers that begin with 9, UK NHS numbers that begin with
/// 999 (valid check digit), national insurance numbers that begin with QQ. IBANs have their
/// country's length, valid check digits and a bank of zeros. Other numbers begin with zeros.

#include <optional>
#include <string>
#include <string_view>

#include "router/privacy/pseudonyms/keyed_digest.h"
#include "router/privacy/pseudonyms/surrogate_kind.h"

namespace croft::privacy {

/// nullopt: `kind` is no number, or `value` has not the form (digits of other scripts).
[[nodiscard]] std::optional<std::string> surrogate_number(SurrogateKind kind,
                                                          std::string_view value, Draw& draw);

// ---- Each kind; surrogate_number chooses. ----
[[nodiscard]] std::optional<std::string> surrogate_phone(std::string_view value, Draw& draw);
/// `value` with its ASCII digits replaced by `digits`, as many. nullopt: not as many.
[[nodiscard]] std::optional<std::string> with_digits(std::string_view value,
                                                     std::string_view digits);
[[nodiscard]] std::string digits_of(std::string_view value);

}  // namespace croft::privacy

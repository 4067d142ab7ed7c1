#pragma once
/// Replaces what is personal in a request's body by surrogates, and looks again.

#include "base/error.h"
#include "base/json.h"
#include "router/dialects/chat_exchange.h"
#include "router/privacy/pseudonyms/pseudonym_map.h"
#include "router/privacy/pseudonyms/text_readings.h"
#include "router/privacy/sensitivity.h"

namespace croft::privacy {

/// Notes what is found in the texts of a call as the client wrote them, one by one. A dialect may
/// join texts so that nobody would find it there ("see" and "4111 ..." become "see4111 ..."), and
/// then it is known. False: the time of `limits` was over.
[[nodiscard]] bool note_call(const dialects::ChatCall& call, const EntitySet& types,
                             const ScanLimits& limits, FindScratch& scratch, PseudonymMap& map);

/// What pseudonymise takes to be replaced: `types`, and dates of birth.
[[nodiscard]] bool is_wanted(const Finding& finding, const Reading& reading,
                             const EntitySet& types);

/// `body`, as it would go out in any dialect, with surrogates for all findings of `types`, for
/// dates of birth, and for what is known of them elsewhere in its texts. What is left, surrogates
/// aside, passed the gate's own scan.
///
/// Errors: Forbidden, where something is still found after three rounds (types and counts are
/// named, never values), or could not be looked through: limits, JSON that would break.
Result<json::object> pseudonymise(const json::object& body, const EntitySet& types,
                                  const ScanLimits& limits, FindScratch& scratch,
                                  PseudonymMap& map);

}  // namespace croft::privacy

#pragma once
/// The fields that chat and completions share: sampling, stop, seed, choices, streaming.

#include "base/error.h"
#include "base/json.h"
#include "server/api/text_request.h"

namespace croft {

/// Fills `request` from a body that check_fields has accepted. Errors: InvalidArgument (field
/// named).
Result<void> read_shared_fields(const json::object& body, const TextEngine& engine,
                                TextRequest& request);

}  // namespace croft

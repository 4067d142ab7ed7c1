#pragma once
/// Requests for a projection, from files: token counts under the names that OpenAI, Anthropic and
/// this program's ledger give them.

#include <string_view>

#include "base/error.h"
#include "store/prices/price_list.h"
#include "store/prices/whatif.h"

namespace croft {

/// CSV with a header, or JSON lines (where the text begins with '{'). Of each row:
/// prompt_tokens or input_tokens; completion_tokens or output_tokens; cached_tokens,
/// input_cached_tokens or cache_read_input_tokens (of the prompt; 0 where absent); requests or
/// num_model_requests (1 where absent: the tokens are the sum of so many). In JSON they may lie in
/// "usage". Anthropic's rows, known by cache_read_input_tokens, count cached tokens beside
/// input_tokens. Other columns are not read, which the manual says.
/// Errors: InvalidArgument with the line and column (`what` names the text); as WhatifWork::add().
Result<WhatifWork> read_whatif_requests(std::string_view text, std::string_view what,
                                        const PriceList& list, std::string_view provider,
                                        std::string_view model);

}  // namespace croft

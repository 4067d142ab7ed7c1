#pragma once
/// Refuses what cannot fit the context before it is tokenized: 32 MiB of prompt would take seconds
/// and a gigabyte only to be counted.

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "text/tokenizer.h"

namespace croft {

/// Passes text of up to 1 MiB unseen; beyond that, what has more bytes than `context` tokens of the
/// vocabulary's longest. Errors: ContextOverflow (bytes and context named).
Result<void> check_prompt_bytes(std::string_view text, const Tokenizer& tokenizer,
                                std::size_t context, const char* field);

}  // namespace croft

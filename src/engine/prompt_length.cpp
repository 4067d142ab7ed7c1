#include "engine/prompt_length.h"

#include <algorithm>

#include "base/limits.h"

namespace croft {

Result<void> check_prompt_bytes(std::string_view text, const Tokenizer& tokenizer,
                                std::size_t context, const char* field) {
  if (text.size() <= limits::MiB) return {};
  // How a vocabulary spells a token is never shorter than its bytes.
  std::size_t longest = 1;
  for (std::size_t id = 0; id < tokenizer.size(); ++id)
    longest = std::max(longest, tokenizer.piece(static_cast<TokenId>(id)).size());
  if (text.size() / longest <= context) return {};
  return fail(ErrorCode::ContextOverflow,
              "the prompt has " + std::to_string(text.size()) + " bytes, more than the " +
                  std::to_string(context) + " tokens of the context can hold",
              "Shorten it, or serve with a larger --context", field);
}

}  // namespace croft

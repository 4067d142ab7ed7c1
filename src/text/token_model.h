#pragma once
/// The last stage of every tokenizer: one piece of prepared text becomes ids.

#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace croft {

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  /// Appends the ids of `piece`, which is valid UTF-8. Never fails; thread-safe.
  virtual void encode(std::string_view piece, std::vector<TokenId>& out) const = 0;
};

}  // namespace croft

#pragma once
/// Holds text back until no stop string can begin in it, and keeps tokens together with their text.

#include <optional>
#include <string>
#include <vector>

#include "engine/request.h"

namespace croft {

class StopFilter {
 public:
  explicit StopFilter(std::vector<std::string> stops);

  /// Adds one token with the text it made certain. Returns what may be shown now; `stopped()` tells
  /// whether a stop string appeared (the text then ends before it, and nothing more may be pushed).
  TextDelta push(TokenId token, std::string_view text, std::optional<TokenLogprob> logprob);
  /// Text that came without a token (the end of an unfinished character).
  TextDelta finish(std::string_view text);
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  struct HeldToken {
    TokenId id;
    std::optional<TokenLogprob> logprob;
    std::size_t begin;  ///< offset in all text so far
  };
  TextDelta advance();
  /// Releases the tokens that begin before `offset`, or at it if `inclusive`.
  void release_tokens(std::size_t offset, bool inclusive, TextDelta& delta);

  std::vector<std::string> stops_;
  std::string held_;  ///< text not shown yet
  std::size_t shown_bytes_ = 0;
  std::vector<HeldToken> tokens_;
  bool stopped_ = false;
};

}  // namespace croft

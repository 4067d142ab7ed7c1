#pragma once
/// What each key and team uses just now: requests and tokens a minute, requests at a time. In
/// memory of this server: several servers each allow as much.
///
/// Threads: any; each call holds one lock for some hundred nanoseconds.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "server/http.h"
#include "server/limits/rate_bucket.h"
#include "store/access/access_record.h"

namespace croft {

/// Whose limits: a key or a team.
struct LimitedOwner {
  std::string id;
  std::string shown;  ///< "the key", "the team": for messages
  AccessLimits limits;
};

class RateLimits {
 public:
  /// Counts a request that begins, of all `owners` or of none. Errors: Busy with
  /// retry_after_seconds, `field` names the limit.
  Result<void> begin(const std::vector<LimitedOwner>& owners, LimitTime now);
  /// The request is over: its place is free.
  void end(const std::vector<LimitedOwner>& owners);

  /// Takes `tokens` that a request will use, as far as is known, of all or of none. Errors: Busy.
  Result<void> take_tokens(const std::vector<LimitedOwner>& owners, std::int64_t tokens,
                           LimitTime now);
  /// Puts right what was taken: positive takes more (also what is not there), negative gives back.
  void correct_tokens(const std::vector<LimitedOwner>& owners, std::int64_t tokens, LimitTime now);

  /// x-ratelimit-limit-requests, -remaining-requests, -reset-requests and the same for tokens: of
  /// the owner that has the least left. None where nothing is limited.
  std::vector<HttpHeader> headers(const std::vector<LimitedOwner>& owners, LimitTime now);

  /// Forgets owners that no request was seen of since `time` and that have none under way.
  void forget_idle(LimitTime time);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Use {
    std::optional<RateBucket> requests;
    std::optional<RateBucket> tokens;
    std::int64_t parallel = 0;
    LimitTime seen{};
  };
  Use& use_of(const LimitedOwner& owner, LimitTime now) REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Use, std::less<>> uses_ GUARDED_BY(mutex_);
};

/// As OpenAI writes it: "1s", "6m0s", "1h2m3s", "20ms", rounded up.
[[nodiscard]] std::string reset_text(std::chrono::nanoseconds time);

}  // namespace croft

#pragma once
/// Who asks, whether they may, and what it uses up: keys, roles, models, rates and budgets of one
/// request, in the order in which a server learns about it.
///
///   1. admit()               with the header: key, role, expiry, requests a minute and at a time
///   2. ticket.on_model()     once the body is read: allowed models
///   3. ticket.on_tokens_estimate()  once the prompt is counted: tokens a minute
///   4. ticket.reserve()      before each call that costs money; not for local models
///   5. hold.settle() for each of those, ticket.finish() at the end
///
/// What is dropped without its last step costs its worst case: a ticket's tokens stay taken, a
/// hold is settled in full.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "server/http.h"
#include "server/limits/rate_limits.h"
#include "store/access/access_directory.h"
#include "store/access/budget_keeper.h"
#include "store/api_keys.h"
#include "store/prices/candidate_price.h"
#include "store/prices/token_cost.h"

namespace croft {

class AccessControl;

/// Money set aside for one call. Moved, never copied; the destructor settles the worst case.
class BudgetHold {
 public:
  BudgetHold() = default;  ///< nothing to settle: neither key nor team has a budget
  BudgetHold(std::shared_ptr<BudgetKeeper> keeper, Reservation reservation)
      : keeper_(std::move(keeper)), reservation_(std::move(reservation)) {}
  BudgetHold(BudgetHold&& other) noexcept = default;
  BudgetHold& operator=(BudgetHold&& other) noexcept;
  ~BudgetHold() { settle(reservation_.amount); }

  /// The call is over and cost that many nano-units.
  void settle(std::int64_t actual);
  /// Nothing was sent, or the provider charged nothing.
  void release();
  /// Of the ledger's row; empty where there is none.
  [[nodiscard]] const std::string& id() const { return reservation_.id; }

 private:
  std::shared_ptr<BudgetKeeper> keeper_;  ///< null: nothing is held (any more)
  Reservation reservation_;
};

/// One request. Threads: any, one at a time.
class AccessTicket {
 public:
  ~AccessTicket();
  AccessTicket(const AccessTicket&) = delete;
  AccessTicket& operator=(const AccessTicket&) = delete;

  /// Ids for logs and the ledger; no secrets. Empty: no key, no team.
  [[nodiscard]] const std::string& key_id() const { return key_id_; }
  [[nodiscard]] const std::string& team_id() const { return team_id_; }
  [[nodiscard]] KeyRole role() const { return role_; }
  [[nodiscard]] bool has_budget() const;
  /// Whether headers() may have something to say.
  [[nodiscard]] bool is_limited() const { return !owners_.empty(); }

  /// `name`: the model or route that the request names. Errors: Forbidden.
  Result<void> on_model(std::string_view name) const;
  /// What prompt and answer may come to. A second call replaces the first. Errors: Busy.
  Result<void> on_tokens_estimate(std::uint64_t prompt_tokens, std::uint64_t answer_tokens_max);

  using Reserved = std::function<void(Result<BudgetHold>)>;
  /// `price`: of the model that will be asked, or why it has none. Without a budget `done` is
  /// called at once and the database is not touched; with one it is called from the keeper's
  /// thread. Errors: Forbidden (an unpriced model and a budget); Busy (over the budget); as
  /// BudgetKeeper::reserve().
  void reserve(const Result<CandidatePrice>& price, std::uint64_t prompt_tokens,
               std::uint64_t answer_tokens_max, Reserved done) const;

  /// The request is over, and used that many tokens in all; none: that is not known, and what was
  /// estimated stays taken. A second call does nothing.
  void finish(std::optional<std::uint64_t> tokens);

  /// x-ratelimit-*: for the response, once the estimate was taken.
  [[nodiscard]] std::vector<HttpHeader> headers() const;

 private:
  friend class AccessControl;
  explicit AccessTicket(std::shared_ptr<RateLimits> limits) : limits_(std::move(limits)) {}

  std::shared_ptr<RateLimits> limits_;
  std::shared_ptr<BudgetKeeper> keeper_;
  std::function<LimitTime()> clock_;
  std::vector<LimitedOwner> owners_;  ///< key, then team
  std::string key_id_;
  std::string team_id_;
  std::string request_id_;
  KeyRole role_ = KeyRole::Admin;
  std::int64_t taken_ = 0;  ///< tokens
  bool counted_ = false;    ///< begin() was passed
};

/// What a request's header says.
struct AccessFacts {
  std::string_view presented_key = {};  ///< empty: none
  bool key_needed = true;
  std::string_view method = {};
  std::string_view route = {};  ///< its pattern; empty: there is none, which others will say
  std::string_view request_id = {};
};

/// Threads: any.
class AccessControl {
 public:
  struct Options {
    /// The flat key file: its keys are admins without limits. May be null.
    std::shared_ptr<const ApiKeys> file_keys = {};
    /// Null: there is no database, and so no budgets.
    std::shared_ptr<BudgetKeeper> keeper = {};
    std::function<LimitTime()> clock = [] { return std::chrono::steady_clock::now(); };
    std::function<UtcMicros()> wall_clock = utc_now;  ///< for expiry only
  };
  explicit AccessControl(Options options);

  /// Keys and teams from now on; requests that were admitted go on as they were.
  void set_directory(std::shared_ptr<const AccessDirectory> directory);

  /// `ticket` is made in every case: where there is an error it says as far as it is known who was
  /// refused, and may do nothing. Errors: Unauthorized (no key, not ours, expired); Forbidden
  /// (blocked, role); Busy.
  Result<void> admit(const AccessFacts& facts, std::shared_ptr<AccessTicket>& ticket);
  /// Where nobody asks who was refused.
  Result<std::shared_ptr<AccessTicket>> admit(const AccessFacts& facts) {
    std::shared_ptr<AccessTicket> ticket;
    if (Result<void> admitted = admit(facts, ticket); !admitted)
      return std::unexpected(std::move(admitted).error());
    return ticket;
  }

 private:
  Result<void> identify(const AccessFacts& facts, AccessTicket& ticket) const;

  const Options options_;
  std::shared_ptr<RateLimits> limits_ = std::make_shared<RateLimits>();
  mutable Mutex mutex_;
  std::shared_ptr<const AccessDirectory> directory_ GUARDED_BY(mutex_);
  LimitTime swept_ GUARDED_BY(mutex_){};
};

}  // namespace croft

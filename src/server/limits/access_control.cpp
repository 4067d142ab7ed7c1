#include "server/limits/access_control.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/checked.h"
#include "server/limits/route_rights.h"
#include "store/key_secret.h"

namespace croft {
namespace {

// Buckets of keys that nobody used for so long are full again anyway.
constexpr std::chrono::minutes idle_kept{10};

std::int64_t as_signed(std::uint64_t count) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 4);
  return static_cast<std::int64_t>(std::min(count, most));
}

Error blocked(std::string_view whose) {
  return {.code = ErrorCode::Forbidden,
          .message = std::string(whose) + " is blocked",
          .hint = "Ask an administrator",
          .field = {}};
}

}  // namespace

BudgetHold& BudgetHold::operator=(BudgetHold&& other) noexcept {
  if (this != &other) {
    settle(reservation_.amount);
    keeper_ = std::move(other.keeper_);
    reservation_ = std::move(other.reservation_);
  }
  return *this;
}

void BudgetHold::settle(std::int64_t actual) {
  if (const auto keeper = std::exchange(keeper_, nullptr)) keeper->settle(reservation_, actual);
}

void BudgetHold::release() {
  if (const auto keeper = std::exchange(keeper_, nullptr)) keeper->release(reservation_);
}

AccessTicket::~AccessTicket() {
  finish(std::nullopt);
}

bool AccessTicket::has_budget() const {
  return std::ranges::any_of(
      owners_, [](const LimitedOwner& owner) { return owner.limits.max_budget.has_value(); });
}

Result<void> AccessTicket::on_model(std::string_view name) const {
  for (const LimitedOwner& owner : owners_)
    if (!model_allowed(owner.limits.models, name))
      return fail(ErrorCode::Forbidden,
                  owner.shown + " may not use the model '" + std::string(name.substr(0, 256)) + "'",
                  "Ask for a model that it may use, or have its `models` changed", "model");
  return {};
}

Result<void> AccessTicket::on_tokens_estimate(std::uint64_t prompt_tokens,
                                              std::uint64_t answer_tokens_max) {
  if (owners_.empty()) return {};
  const LimitTime now = clock_();
  const std::int64_t tokens = as_signed(prompt_tokens) + as_signed(answer_tokens_max);
  if (taken_ != 0) limits_->correct_tokens(owners_, -std::exchange(taken_, 0), now);
  TRY(limits_->take_tokens(owners_, tokens, now));
  taken_ = tokens;
  return {};
}

void AccessTicket::reserve(const Result<CandidatePrice>& price, std::uint64_t prompt_tokens,
                           std::uint64_t answer_tokens_max, Reserved done) const {
  if (!has_budget()) return done(BudgetHold());
  if (!price) return done(std::unexpected(price.error()));
  if (keeper_ == nullptr)
    return done(fail(ErrorCode::Unavailable, "this server has no database for budgets",
                     "Start it with --database"));
  const Result<std::int64_t> worst =
      worst_case_cost(prompt_tokens, answer_tokens_max, price->rates);
  if (!worst) return done(std::unexpected(worst.error()));
  Reservation reservation{.id = BudgetKeeper::new_reservation_id(),
                          .request = request_id_,
                          .key_owner = {},
                          .team_owner = {},
                          .amount = *worst,
                          .currency = price->rates.currency};
  for (const LimitedOwner& owner : owners_) {
    if (!owner.limits.max_budget) continue;
    (owner.id == key_id_ ? reservation.key_owner : reservation.team_owner) = owner.id;
  }
  keeper_->reserve(reservation, [keeper = keeper_, reservation,
                                 done = std::move(done)](const Result<void>& result) {
    if (result)
      done(BudgetHold(keeper, reservation));
    else
      done(std::unexpected(result.error()));
  });
}

void AccessTicket::finish(std::optional<std::uint64_t> tokens) {
  if (!std::exchange(counted_, false)) return;
  if (tokens) limits_->correct_tokens(owners_, as_signed(*tokens) - taken_, clock_());
  limits_->end(owners_);
}

std::vector<HttpHeader> AccessTicket::headers() const {
  if (owners_.empty()) return {};
  return limits_->headers(owners_, clock_());
}

AccessControl::AccessControl(Options options) : options_(std::move(options)) {}

void AccessControl::set_directory(std::shared_ptr<const AccessDirectory> directory) {
  const MutexLock lock(mutex_);
  directory_ = std::move(directory);
}

Result<void> AccessControl::identify(const AccessFacts& facts, AccessTicket& ticket) const {
  std::shared_ptr<const AccessDirectory> directory;
  {
    const MutexLock lock(mutex_);
    directory = directory_;
  }
  if (facts.presented_key.empty()) {
    if (!facts.key_needed) return {};
    return fail(ErrorCode::Unauthorized, "an API key is needed",
                "Send `Authorization: Bearer KEY` or `x-api-key: KEY`");
  }
  const AccessDirectory::Entry* entry =
      directory == nullptr ? nullptr : directory->find(facts.presented_key);
  if (entry == nullptr) {
    const auto of_file = options_.file_keys == nullptr
                             ? std::nullopt
                             : options_.file_keys->find(facts.presented_key);
    // A number is no other key's, as a label might be.
    if (of_file) ticket.key_id_ = "key " + std::to_string(*of_file + 1);
    // Clients send a key because their library wants one; but what looks like one of ours was one.
    if (of_file || (!facts.key_needed && !is_own_key(facts.presented_key))) return {};
    return fail(ErrorCode::Unauthorized, "the API key is not valid");
  }
  const KeyRecord& key = entry->key;
  ticket.key_id_ = key.id;
  ticket.role_ = key.role;
  if (entry->team) ticket.team_id_ = entry->team->id;
  if (key.expires && options_.wall_clock() >= *key.expires)
    return fail(ErrorCode::Unauthorized, "the API key expired at " + utc_text(*key.expires));
  if (key.blocked) return std::unexpected(blocked("the API key"));
  if (entry->team && (entry->team->blocked || entry->team->deleted))
    return std::unexpected(blocked("the API key's team"));
  if (!facts.route.empty()) TRY(check_role(key.role, facts.method, facts.route));
  ticket.owners_.push_back({.id = key.id, .shown = "the key", .limits = key.limits});
  if (entry->team) {
    ticket.owners_.push_back(
        {.id = entry->team->id, .shown = "the team", .limits = entry->team->limits});
  }
  return {};
}

Result<void> AccessControl::admit(const AccessFacts& facts, std::shared_ptr<AccessTicket>& ticket) {
  ticket = std::shared_ptr<AccessTicket>(new AccessTicket(limits_));
  ticket->keeper_ = options_.keeper;
  ticket->clock_ = options_.clock;
  ticket->request_id_ = facts.request_id;
  TRY(identify(facts, *ticket));
  const LimitTime now = options_.clock();
  // What only reads takes no place: a dashboard must not use up what its key may ask.
  const auto right = right_for(facts.method, facts.route);
  if (!ticket->owners_.empty() && right && *right != RouteRight::Read &&
      *right != RouteRight::Open) {
    TRY(limits_->begin(ticket->owners_, now));
    ticket->counted_ = true;
  }
  bool sweep = false;
  {
    const MutexLock lock(mutex_);
    sweep = now - swept_ > idle_kept;
    if (sweep) swept_ = now;
  }
  if (sweep) limits_->forget_idle(now - idle_kept);
  return {};
}

}  // namespace croft

#include "router/confidence/drift_monitor.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/json.h"

namespace croft {
namespace {

constexpr std::int64_t state_version = 1;
// Beyond this a double would overflow, and the alarm has been raised long before.
constexpr double money_max = 1e300;

/// The part of the money that has not begun to bet after `updates` samples. It falls so slowly that
/// a drift after a million samples still meets stakes worth raising an alarm.
double reserve(std::uint64_t updates) {
  return 1.0 / (1.0 + std::log1p(static_cast<double>(updates)));
}

std::unexpected<Error> bad_state(const char* why) {
  return fail(ErrorCode::Corrupt, std::string("the drift monitor's state ") + why,
              "Delete it to begin anew.");
}

}  // namespace

Result<DriftMonitor> DriftMonitor::create(const DriftOptions& options) {
  const auto inside = [](double value) { return value > 0.0 && value < 1.0; };
  if (!inside(options.max_worse) || !inside(options.delta))
    return fail(ErrorCode::InvalidArgument,
                "a drift monitor needs max_worse and delta between 0 and 1");
  return DriftMonitor(options);
}

DriftMonitor::DriftMonitor(const DriftOptions& options) : options_(options) {
  // The best stake against a true risk q is (q - alpha) / (alpha (1 - alpha)): these are near it
  // for risks from 1.25 to 20 times alpha, as far as they are below 1.
  const double stake_max = 0.9 / options.max_worse;
  for (double stake = 0.25 / (1.0 - options.max_worse); bet_count_ < bets_max && stake < stake_max;
       stake *= 2.5)
    stakes_[bet_count_++] = stake;
  if (bet_count_ == 0) stakes_[bet_count_++] = stake_max;
}

DriftMonitor::DriftMonitor(DriftMonitor&& other) noexcept
    : options_(other.options_), stakes_(other.stakes_), bet_count_(other.bet_count_) {
  const MutexLock theirs(other.mutex_);
  const MutexLock ours(mutex_);
  money_ = other.money_;
  state_ = other.state_;
}

double DriftMonitor::wealth() const {
  double sum = reserve(state_.updates);
  for (std::size_t i = 0; i < bet_count_; ++i) sum += money_[i];
  return sum;
}

Result<DriftState> DriftMonitor::update(double loss) {
  if (!(loss >= 0.0 && loss <= 1.0))
    return fail(ErrorCode::InvalidArgument, "a shadow sample's loss must lie between 0 and 1");
  const MutexLock lock(mutex_);
  const double begins =
      (reserve(state_.updates) - reserve(state_.updates + 1)) / static_cast<double>(bet_count_);
  for (std::size_t i = 0; i < bet_count_; ++i) {
    const double factor = 1.0 + stakes_[i] * (loss - options_.max_worse);
    money_[i] = std::min(money_max, (money_[i] + begins) * factor);
  }
  ++state_.updates;
  state_.loss_sum += loss;
  state_.wealth = wealth();
  state_.alarmed = state_.alarmed || state_.wealth >= 1.0 / options_.delta;
  return state_;
}

DriftState DriftMonitor::state() const {
  const MutexLock lock(mutex_);
  return state_;
}

std::string DriftMonitor::state_json() const {
  const MutexLock lock(mutex_);
  json::array money;
  for (std::size_t i = 0; i < bet_count_; ++i) money.push_back(json::value(money_[i]));
  return json::serialize(json::object{{"croft_drift", state_version},
                                      {"max_worse", options_.max_worse},
                                      {"delta", options_.delta},
                                      {"updates", state_.updates},
                                      {"loss_sum", state_.loss_sum},
                                      {"alarmed", state_.alarmed},
                                      {"money", std::move(money)}});
}

Result<DriftMonitor> DriftMonitor::restore(const DriftOptions& options,
                                           std::string_view json_text) {
  DriftMonitor monitor = TRY(create(options));
  const auto document = parse_json(json_text, "the drift monitor's state", 3);
  if (!document) return bad_state("is not valid JSON");
  const auto number = [&](std::string_view name) {
    return find_number(*document, name).value_or(std::nan(""));
  };
  const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-12; };
  if (find_int(*document, "croft_drift") != state_version) return bad_state("has another version");
  if (!near(number("max_worse"), options.max_worse) || !near(number("delta"), options.delta))
    return fail(ErrorCode::InvalidArgument,
                "the drift monitor's state is of another promise (max_worse or delta differ)",
                "Delete it to begin anew.");
  const auto updates = find_int(*document, "updates");
  const auto alarmed = find_bool(*document, "alarmed");
  const json::value* money = find(*document, "money");
  if (!updates || *updates < 0 || !alarmed || money == nullptr || !money->is_array() ||
      money->get_array().size() != monitor.bet_count_)
    return bad_state("lacks a member");
  const double loss_sum = number("loss_sum");
  if (!(loss_sum >= 0.0 && loss_sum <= static_cast<double>(*updates) + 1e-6))
    return bad_state("has a sum of losses that its updates cannot have");
  {  // released before the return: moving the monitor out takes the lock again
    const MutexLock lock(monitor.mutex_);
    for (std::size_t i = 0; i < monitor.bet_count_; ++i) {
      const json::value& entry = money->get_array()[i];
      const double value = entry.is_number() ? entry.to_number<double>() : -1.0;
      if (!(value >= 0.0 && value <= money_max)) return bad_state("has money out of range");
      monitor.money_[i] = value;
    }
    monitor.state_ = {.wealth = 1.0,
                      .updates = static_cast<std::uint64_t>(*updates),
                      .loss_sum = loss_sum,
                      .alarmed = *alarmed};
    monitor.state_.wealth = monitor.wealth();
    if (monitor.state_.wealth >= 1.0 / options.delta && !*alarmed)
      return bad_state("denies an alarm that its wealth has raised");
  }
  return monitor;
}

}  // namespace croft

// Who gets a model, who waits for one, and the two threads. What to load and unload next:
// model_house_loader.cpp.
#include "server/model_house.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace croft {
namespace {

Error shutting_down() {
  return {ErrorCode::Unavailable, "the server is shutting down", "Try another, or later", {}};
}

}  // namespace

ModelHouse::ModelHouse(std::vector<ModelSource> models, ModelHouseOptions options)
    : models_(std::move(models)), options_(std::move(options)) {
  CHECK(!models_.empty());
  std::vector<Entry> entries(models_.size());
  for (std::size_t i = 0; i < models_.size(); ++i) entries[i].card = models_[i].card;
  const MutexLock lock(mutex_);
  entries_ = std::move(entries);
}

ModelHouse::~ModelHouse() {
  close();
}

void ModelHouse::start() {
  {
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < entries_.size(); ++i)
      entries_[i].load_at_start = is_pinned(i) && entries_[i].engine == nullptr;
  }
  loader_ = std::thread([this] { loader_loop(); });
  clerk_ = std::thread([this] { clerk_loop(); });
}

void ModelHouse::set_engine(std::size_t model, std::shared_ptr<TextEngine> engine) {
  const MutexLock lock(mutex_);
  Entry& entry = entries_[model];
  CHECK(entry.engine == nullptr);
  entry.card = card_of(*engine);
  entry.engine = std::move(engine);
  entry.state = ModelState::Ready;
  entry.idle_since = options_.now();
}

/// One lease; its end is the end of the use.
struct ModelHouse::Hold {
  ModelHouse* house = nullptr;
  std::size_t model = 0;
  Hold() = default;
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() {
    if (house != nullptr) house->release(model);
  }
};

ModelLease ModelHouse::make_lease(std::size_t model) {
  // What may throw comes before the count: release() would wait for the lock that is held here.
  const auto hold = std::make_shared<Hold>();
  hold->house = this;
  hold->model = model;
  ++entries_[model].leases_count;
  return {hold, entries_[model].engine.get()};
}

void ModelHouse::release(std::size_t model) {
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_[model];
    if (--entry.leases_count != 0) return;
    entry.idle_since = options_.now();
  }
  loader_wake_.notify_one();
}

ModelLease ModelHouse::try_lease(std::size_t model) {
  const MutexLock lock(mutex_);
  if (draining_ || entries_[model].state != ModelState::Ready) return nullptr;
  return make_lease(model);
}

void ModelHouse::lease(std::size_t model, ModelWait wait, ModelSink sink) {
  enter_wait(model, std::move(wait), std::move(sink), false);
}

void ModelHouse::unload(std::size_t model, ModelWait wait, ModelSink sink) {
  enter_wait(model, std::move(wait), std::move(sink), true);
}

std::optional<Result<ModelLease>> ModelHouse::answer_now(std::size_t model, bool for_unload) {
  Entry& entry = entries_[model];
  if (draining_) return std::unexpected(shutting_down());
  if (for_unload) {
    if (is_pinned(model))
      return fail(ErrorCode::InvalidArgument,
                  "the model " + models_[model].name + " is pinned: it is never unloaded",
                  "Those that --also names and --pin does not can be", "model");
    const bool nothing_to_do = entry.state == ModelState::Unloaded && entry.waits.empty();
    if (nothing_to_do) return ModelLease();
    return std::nullopt;
  }
  if (entry.state == ModelState::Ready) return make_lease(model);
  const Clock::time_point time = options_.now();
  if (entry.state == ModelState::Unloaded && entry.failure && time < entry.failure_until) {
    Error error = *entry.failure;
    const std::chrono::duration<double> left = entry.failure_until - time;
    error.retry_after_seconds = static_cast<int>(std::ceil(left.count()));
    return std::unexpected(std::move(error));
  }
  return std::nullopt;
}

std::optional<Error> ModelHouse::too_many(const ModelWait& wait) {
  const bool full =
      waits_count_ >= options_.waits_max || wait.bytes > options_.wait_bytes_max - waits_bytes_;
  if (!full) return std::nullopt;
  return Error{.code = ErrorCode::Busy,
               .message = std::to_string(waits_count_) + " requests wait for models already",
               .hint = "Try again later",
               .field = {},
               .retry_after_seconds = 5};
}

void ModelHouse::enter_wait(std::size_t model, ModelWait wait, ModelSink sink, bool for_unload) {
  std::optional<Result<ModelLease>> answer;
  std::shared_ptr<Wait> entered;
  {
    const MutexLock lock(mutex_);
    answer = answer_now(model, for_unload);
    if (!answer)
      if (std::optional<Error> full = too_many(wait)) answer = std::unexpected(*std::move(full));
    if (!answer) {
      entered = std::make_shared<Wait>();
      entered->number = ++last_number_;
      entered->bytes = wait.bytes;
      entered->deadline = options_.now() + options_.wait;
      entered->sink = std::move(sink);
      Entry& entry = entries_[model];
      (for_unload ? entry.unload_waits : entry.waits).push_back(entered);
      ++waits_count_;
      waits_bytes_ += wait.bytes;
      if (for_unload && entry.state == ModelState::Ready) {
        entry.state = ModelState::Draining;
        entry.reason = UnloadReason::Request;
      }
    }
  }
  if (answer) {
    sink(*std::move(answer));
    return;
  }
  loader_wake_.notify_one();
  clerk_wake_.notify_one();
  // May cancel at once, and from any thread; `entered` lives here until it is in place.
  entered->on_cancel.emplace(wait.cancel,
                             [this, model, number = entered->number] { cancel(model, number); });
}

void ModelHouse::cancel(std::size_t model, std::uint64_t number) {
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_[model];
    for (auto* waits : {&entry.waits, &entry.unload_waits}) {
      const auto found = std::ranges::find(*waits, number, &Wait::number);
      if (found == waits->end()) continue;
      std::shared_ptr<Wait> gone = std::move(*found);
      waits->erase(found);
      settle(std::move(gone), fail(ErrorCode::Cancelled, "the caller went away"));
    }
  }
  clerk_wake_.notify_one();
  loader_wake_.notify_one();  // perhaps it need not be loaded any more
}

/// The wait is over: the clerk will say so. Nothing of it is destroyed under the lock, because its
/// stop callback could be waiting for the lock on another thread.
void ModelHouse::settle(std::shared_ptr<Wait> wait, Result<ModelLease> result) {
  --waits_count_;
  waits_bytes_ -= wait->bytes;
  deliveries_.push_back({std::move(wait), std::move(result)});
}

void ModelHouse::settle_waits(std::size_t model, const Error& error) {
  for (std::shared_ptr<Wait>& wait : std::exchange(entries_[model].waits, {}))
    settle(std::move(wait), std::unexpected(error));
}

void ModelHouse::settle_unloads(std::size_t model) {
  for (std::shared_ptr<Wait>& wait : std::exchange(entries_[model].unload_waits, {}))
    settle(std::move(wait), ModelLease());
}

void ModelHouse::expire_waits() {
  const Clock::time_point time = options_.now();
  const auto take_expired = [&](auto& waits, const std::string& what) REQUIRES(mutex_) {
    while (!waits.empty() && waits.front()->deadline <= time) {
      std::shared_ptr<Wait> late = std::move(waits.front());
      waits.erase(waits.begin());
      settle(std::move(late), fail(ErrorCode::Unavailable, what, "Try again later"));
    }
  };
  const std::string waited = " after " + std::to_string(options_.wait.count()) + " seconds";
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    take_expired(entry.waits, "the model " + models_[i].name + " is not loaded" + waited);
    take_expired(entry.unload_waits, "the model " + models_[i].name + " still answers " +
                                         std::to_string(entry.leases_count) + " requests" + waited +
                                         "; it will be unloaded when they have ended");
  }
}

std::vector<ModelView> ModelHouse::look() {
  std::vector<ModelView> views(models_.size());
  std::vector<const TextEngine*> engines(models_.size());
  {
    const MutexLock lock(mutex_);
    const Clock::time_point time = options_.now();
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      views[i] = {.state = entry.state,
                  .failed = entry.failure && time < entry.failure_until,
                  .leases_count = entry.leases_count,
                  .waits_count = entry.waits.size(),
                  .card = entry.card};
      engines[i] = entry.engine.get();
      if (engines[i] != nullptr) ++entry.looks_count;
    }
  }
  for (std::size_t i = 0; i < engines.size(); ++i)
    if (engines[i] != nullptr) views[i].stats = engines[i]->stats();
  end_looks(engines);
  return views;
}

void ModelHouse::end_looks(const std::vector<const TextEngine*>& engines) {
  {
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < engines.size(); ++i)
      if (engines[i] != nullptr) --entries_[i].looks_count;
  }
  loader_wake_.notify_one();
}

bool ModelHouse::loaded(std::size_t model) const {
  const MutexLock lock(mutex_);
  return entries_[model].state == ModelState::Ready;
}

bool ModelHouse::ready() const {
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (is_pinned(i) && entries_[i].state != ModelState::Ready) return false;
  return true;
}

void ModelHouse::drain() {
  std::vector<const TextEngine*> looked(models_.size());
  std::vector<TextEngine*> engines;
  {
    const MutexLock lock(mutex_);
    draining_ = true;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      settle_waits(i, shutting_down());
      Entry& entry = entries_[i];
      if (entry.engine == nullptr) continue;
      ++entry.looks_count;
      looked[i] = entry.engine.get();
      engines.push_back(entry.engine.get());
    }
  }
  clerk_wake_.notify_one();
  for (TextEngine* engine : engines) engine->drain();
  end_looks(looked);
}

void ModelHouse::close() {
  {
    const MutexLock lock(mutex_);
    draining_ = closing_ = true;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      settle_waits(i, shutting_down());
      for (std::shared_ptr<Wait>& wait : std::exchange(entries_[i].unload_waits, {}))
        settle(std::move(wait), std::unexpected(shutting_down()));
    }
  }
  loader_wake_.notify_all();
  clerk_wake_.notify_all();
  if (loader_.joinable()) loader_.join();
  if (clerk_.joinable()) clerk_.join();
  while (clerk_step()) {
  }
  std::vector<std::shared_ptr<TextEngine>> engines;
  {
    const MutexLock lock(mutex_);
    for (Entry& entry : entries_) {
      entry.state = ModelState::Unloaded;
      if (entry.engine != nullptr) engines.push_back(std::exchange(entry.engine, nullptr));
    }
  }
}

bool ModelHouse::clerk_step() {
  std::optional<Delivery> delivery;
  {
    const MutexLock lock(mutex_);
    expire_waits();
    if (deliveries_.empty()) return false;
    delivery = std::move(deliveries_.front());
    deliveries_.pop_front();
  }
  delivery->wait->sink(std::move(delivery->result));
  return true;
}

void ModelHouse::clerk_loop() {
  for (;;) {
    while (clerk_step()) {
    }
    MutexLock lock(mutex_);
    if (!deliveries_.empty()) continue;
    if (closing_) return;
    auto next = Clock::time_point::max();
    for (const Entry& entry : entries_) {
      if (!entry.waits.empty()) next = std::min(next, entry.waits.front()->deadline);
      if (!entry.unload_waits.empty()) next = std::min(next, entry.unload_waits.front()->deadline);
    }
    if (next != Clock::time_point::max())
      lock.wait_until(clerk_wake_, next);
    else
      lock.wait(clerk_wake_);
  }
}

}  // namespace croft

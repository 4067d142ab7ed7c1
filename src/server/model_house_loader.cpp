// What to load and unload next, by time and by memory, and doing it.
#include <algorithm>
#include <set>
#include <utility>

#include "base/machine_memory.h"
#include "server/model_house.h"

namespace croft {
namespace {

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string((bytes + limits::MiB - 1) / limits::MiB) + " MiB";
}

/// Makes an engine out of whatever a load does: one that fails for lack of memory must not end the
/// server.
Result<std::unique_ptr<TextEngine>> load_safely(const ModelSource& source) {
  try {
    return source.load();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::TooLarge, "there is not enough memory for it");
  } catch (const std::exception& problem) {
    return fail(ErrorCode::Internal, std::string("loading failed inside: ") + problem.what());
  }
}

}  // namespace

Result<void> check_models(const std::vector<ModelSource>& models, std::uint64_t memory_bytes) {
  std::set<std::string_view> names;
  for (const ModelSource& model : models)
    if (!names.insert(model.name).second)
      return fail(ErrorCode::InvalidArgument, "two models would be served as " + model.name,
                  "Leave one out, or install one under another name with `croft import`");
  if (memory_bytes == 0) return {};
  std::uint64_t pinned_bytes = 0;
  for (std::size_t i = 0; i < models.size(); ++i)
    if (i == 0 || models[i].pinned) pinned_bytes += models[i].need_bytes;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const bool pinned = i == 0 || models[i].pinned;
    const std::uint64_t need = pinned_bytes + (pinned ? 0 : models[i].need_bytes);
    if (need <= memory_bytes) continue;
    const std::string who = pinned
                                ? "the pinned models need"
                                : "the model " + models[i].name + " beside the pinned ones needs";
    return fail(ErrorCode::InvalidArgument,
                who + " about " + mebibytes(need) + " and the budget is " + mebibytes(memory_bytes),
                "Raise --models-memory, lower --context, or leave a model out", "models-memory");
  }
  return {};
}

bool ModelHouse::is_idle(std::size_t model) const {
  const Entry& entry = entries_[model];
  return entry.state == ModelState::Ready && entry.leases_count == 0 && !is_pinned(model);
}

std::optional<ModelHouse::Clock::time_point> ModelHouse::idle_until(std::size_t model) const {
  if (!is_idle(model) || options_.keep_alive.count() < 0) return std::nullopt;
  return entries_[model].idle_since + options_.keep_alive;
}

/// Pinned models at the start come first, then whoever waits longest.
std::optional<std::size_t> ModelHouse::next_wanted() const {
  std::optional<std::size_t> next;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.state != ModelState::Unloaded) continue;
    if (entry.load_at_start) return i;
    if (entry.waits.empty()) continue;
    if (!next || entry.waits.front()->number < entries_[*next].waits.front()->number) next = i;
  }
  return next;
}

std::optional<std::size_t> ModelHouse::oldest_idle() const {
  std::optional<std::size_t> oldest;
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (is_idle(i) && (!oldest || entries_[i].idle_since < entries_[*oldest].idle_since))
      oldest = i;
  return oldest;
}

std::uint64_t ModelHouse::room_for(std::size_t model, bool without_idle) const {
  if (options_.memory_bytes == 0) {
    // What is loaded shows in what the machine has left.
    std::uint64_t room =
        options_.memory_available ? options_.memory_available() : machine_memory().available;
    for (std::size_t i = 0; without_idle && i < entries_.size(); ++i)
      if (is_idle(i)) room += models_[i].need_bytes;
    return room;
  }
  std::uint64_t held = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    // The room of pinned models is theirs before they are loaded.
    const bool holds = is_pinned(i) || entries_[i].state != ModelState::Unloaded;
    if (i != model && holds && !(without_idle && is_idle(i))) held += models_[i].need_bytes;
  }
  return options_.memory_bytes - std::min(options_.memory_bytes, held);
}

Error ModelHouse::no_room(std::size_t model) const {
  std::string others;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (i == model || entries_[i].state == ModelState::Unloaded || is_idle(i)) continue;
    others += (others.empty() ? "" : ", ") + models_[i].name +
              (is_pinned(i) ? " (pinned)" : " (answering)");
  }
  return {.code = ErrorCode::Unavailable,
          .message = "the model " + models_[model].name + " needs about " +
                     mebibytes(models_[model].need_bytes) + ", and beside " + others +
                     " there are " + mebibytes(room_for(model, true)) + " left",
          .hint = "Try again when they have finished",
          .field = "model",
          .retry_after_seconds = 5};
}

ModelHouse::Job ModelHouse::begin_unload(std::size_t model, UnloadReason reason) {
  Entry& entry = entries_[model];
  entry.state = ModelState::Draining;
  entry.reason = reason;
  return {.model = model, .engine = std::exchange(entry.engine, nullptr)};
}

std::optional<ModelHouse::Job> ModelHouse::pick_job() {
  const Clock::time_point time = options_.now();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    const bool drained = entry.state == ModelState::Draining && entry.leases_count == 0;
    if (drained && entry.engine != nullptr) return begin_unload(i, entry.reason);
    const auto until = idle_until(i);
    if (until && *until <= time) return begin_unload(i, UnloadReason::KeepAlive);
    // Whoever it was to be loaded for has gone before it was.
    if (entry.state == ModelState::Unloaded && entry.waits.empty() && !entry.unload_waits.empty()) {
      settle_unloads(i);
      clerk_wake_.notify_one();
    }
  }
  while (!draining_) {
    const std::optional<std::size_t> wanted = next_wanted();
    if (!wanted) break;
    const std::uint64_t need = models_[*wanted].need_bytes;
    // check_models() has seen to it that the pinned ones fit.
    if (is_pinned(*wanted) || need <= room_for(*wanted, false)) {
      entries_[*wanted].state = ModelState::Loading;
      return Job{.model = *wanted, .engine = nullptr};
    }
    // One victim a step: what its end really frees is seen before the next one goes.
    const std::optional<std::size_t> victim = oldest_idle();
    if (victim && need <= room_for(*wanted, true))
      return begin_unload(*victim, UnloadReason::Memory);
    settle_waits(*wanted, no_room(*wanted));
    settle_unloads(*wanted);
    clerk_wake_.notify_one();
  }
  return std::nullopt;
}

void ModelHouse::report(const ModelEvent& event) const {
  if (options_.on_event) options_.on_event(event);
}

void ModelHouse::run(Job job) {
  if (job.engine == nullptr)
    run_load(job.model);
  else
    run_unload(std::move(job));
}

void ModelHouse::run_unload(Job job) {
  const Clock::time_point begin = options_.now();
  {
    MutexLock lock(mutex_);
    while (entries_[job.model].looks_count != 0) lock.wait(loader_wake_);
  }
  job.engine.reset();
  ModelEvent event{.model = job.model, .kind = ModelEvent::Kind::Unloaded};
  event.seconds = std::chrono::duration<double>(options_.now() - begin).count();
  {
    const MutexLock lock(mutex_);
    event.reason = entries_[job.model].reason;
    entries_[job.model].state = ModelState::Unloaded;
  }
  report(event);
  {
    const MutexLock lock(mutex_);
    settle_unloads(job.model);
  }
  clerk_wake_.notify_one();
}

void ModelHouse::run_load(std::size_t model) {
  const Clock::time_point begin = options_.now();
  Result<std::unique_ptr<TextEngine>> made = load_safely(models_[model]);
  ModelEvent event{.model = model};
  event.seconds = std::chrono::duration<double>(options_.now() - begin).count();
  if (!made) {
    event.kind = ModelEvent::Kind::LoadFailed;
    event.error = &made.error();
  }
  report(event);  // before anybody is answered, so that metrics agree with the answers
  if (made)
    finish_load(model, *std::move(made));
  else
    fail_load(model, made.error());
}

void ModelHouse::finish_load(std::size_t model, std::shared_ptr<TextEngine> engine) {
  ModelCard card = card_of(*engine);
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_[model];
    entry.engine = std::move(engine);
    entry.card = std::move(card);
    entry.state = ModelState::Ready;
    entry.idle_since = options_.now();
    entry.failure.reset();
    entry.load_at_start = false;
    // Everybody gets their lease before the model can be chosen for unloading.
    for (std::shared_ptr<Wait>& wait : std::exchange(entry.waits, {}))
      settle(std::move(wait), make_lease(model));
    if (!entry.unload_waits.empty()) {
      entry.state = ModelState::Draining;
      entry.reason = UnloadReason::Request;
    }
  }
  clerk_wake_.notify_one();
}

void ModelHouse::fail_load(std::size_t model, const Error& error) {
  const MutexLock lock(mutex_);
  Entry& entry = entries_[model];
  entry.state = ModelState::Unloaded;
  entry.load_at_start = false;
  entry.failure = Error{
      .code = ErrorCode::Unavailable,
      .message = "the model " + models_[model].name + " could not be loaded: " + error.message,
      .hint = error.hint,
      .field = "model",
      .retry_after_seconds = static_cast<int>(options_.failure_kept.count())};
  entry.failure_until = options_.now() + options_.failure_kept;
  settle_waits(model, *entry.failure);
  settle_unloads(model);
  clerk_wake_.notify_one();
}

bool ModelHouse::loader_step() {
  std::optional<Job> job;
  {
    const MutexLock lock(mutex_);
    job = pick_job();
  }
  if (!job) return false;
  run(*std::move(job));
  return true;
}

void ModelHouse::loader_loop() {
  for (;;) {
    std::optional<Job> job;
    {
      MutexLock lock(mutex_);
      while (!closing_ && !(job = pick_job())) {
        auto next = Clock::time_point::max();
        for (std::size_t i = 0; i < entries_.size(); ++i)
          next = std::min(next, idle_until(i).value_or(next));
        if (next != Clock::time_point::max())
          lock.wait_until(loader_wake_, next);
        else
          lock.wait(loader_wake_);
      }
    }
    if (!job) return;
    run(*std::move(job));
  }
}

}  // namespace croft

#pragma once
/// The models of one server: loaded when somebody asks for them, kept for a while, unloaded when
/// their time or the memory is up, and never under a running request.
///
///   Unloaded --wanted--> Loading --> Ready --time, memory or POST /models/unload--> Draining
///      ^                    |failed                                                     |no lease
///      +--------------------+-----------------------------------------------------------+
///
/// Who uses a model holds a lease. Only the loader thread makes and destroys engines, one at a
/// time: an engine's destructor joins the engine's thread, so it must run on no thread that the
/// engine could be waiting for. A model is destroyed once it drains and its last lease is gone.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "base/mutex.h"
#include "server/text_engine.h"

namespace croft {

/// One model that the server may load.
struct ModelSource {
  std::string name;                    ///< as published; valid UTF-8, of one model only
  bool pinned = false;                 ///< loaded at the start and never unloaded
  std::uint64_t need_bytes = 0;        ///< estimate (memory_plan.h); 0: not known, always fits
  std::optional<ModelCard> card = {};  ///< what is known without loading it
  /// Called on the loader thread. Empty: set_engine() brings the engine.
  std::function<Result<std::unique_ptr<TextEngine>>()> load = {};
};

enum class ModelState : unsigned char { Unloaded, Loading, Ready, Draining };
enum class UnloadReason : unsigned char { KeepAlive, Memory, Request };

/// What happened to a model, for the log and the metrics.
struct ModelEvent {
  enum class Kind : unsigned char { Loaded, LoadFailed, Unloaded };
  std::size_t model = 0;
  Kind kind = Kind::Loaded;
  double seconds = 0.0;                           ///< of a load, or of an unload
  UnloadReason reason = UnloadReason::KeepAlive;  ///< of Unloaded
  const Error* error = nullptr;                   ///< of LoadFailed
};

struct ModelHouseOptions {
  using Clock = std::chrono::steady_clock;
  std::chrono::seconds keep_alive{300};  ///< of a model without requests; negative: for ever
  /// For all models together. 0: a model is loaded where the machine has room for it just then.
  std::uint64_t memory_bytes = 0;
  // Requests that wait for a model, all models together.
  std::size_t waits_max = 256;
  std::size_t wait_bytes_max = 64 * limits::MiB;
  std::chrono::seconds wait{120};
  std::chrono::seconds failure_kept{10};  ///< how long a failed load is not tried again
  std::function<Clock::time_point()> now = Clock::now;
  std::function<std::uint64_t()> memory_available = {};  ///< empty: machine_memory.h
  std::function<void(const ModelEvent&)> on_event = {};  ///< on the loader thread
};

/// A model that stays as long as this does. Copies share one lease.
using ModelLease = std::shared_ptr<TextEngine>;
/// Called exactly once; with a null lease where the model was to be unloaded. Runs on the caller's
/// thread or on the house's clerk thread, never under a lock.
using ModelSink = std::function<void(Result<ModelLease>)>;

struct ModelWait {
  std::stop_token cancel = {};  ///< the caller has gone: the sink gets Cancelled
  std::size_t bytes = 0;        ///< that the waiting request keeps in memory
};

/// A moment's view of one model.
struct ModelView {
  ModelState state = ModelState::Unloaded;
  bool failed = false;  ///< the last load, a short while ago
  std::size_t leases_count = 0;
  std::size_t waits_count = 0;
  std::optional<ModelCard> card = {};
  std::optional<EngineStats> stats = {};  ///< where loaded
};

/// Errors: InvalidArgument for a name given twice, and for a budget in which the pinned models, or
/// one of the others beside them, can never fit (the numbers are named).
Result<void> check_models(const std::vector<ModelSource>& models, std::uint64_t memory_bytes);

/// Threads: everything is safe from any thread. start() makes two threads: the loader, and the
/// clerk, who calls sinks and watches the waiting requests' time. Without it a test takes the steps
/// itself. Leases may outlive close(), but not the house.
class ModelHouse {
 public:
  /// `models`: the main one first, always pinned.
  ModelHouse(std::vector<ModelSource> models, ModelHouseOptions options);
  ~ModelHouse();
  ModelHouse(const ModelHouse&) = delete;
  ModelHouse& operator=(const ModelHouse&) = delete;

  [[nodiscard]] std::size_t size() const { return models_.size(); }
  [[nodiscard]] const ModelSource& source(std::size_t model) const { return models_[model]; }

  /// Begins to load the pinned models, the main one first.
  void start();
  /// A model that somebody else has loaded.
  void set_engine(std::size_t model, std::shared_ptr<TextEngine> engine);

  /// A lease where the model is loaded, else null.
  [[nodiscard]] ModelLease try_lease(std::size_t model);
  /// Gives a lease, after loading the model where need be. Errors: Busy (too many wait);
  /// Unavailable (not loaded in time; the load failed: the reason is named; no room beside models
  /// that are busy: numbers named; shutting down); Cancelled.
  void lease(std::size_t model, ModelWait wait, ModelSink sink);
  /// Unloads once the running requests have ended; requests that come meanwhile wait and then load
  /// it again. The sink hears when it is gone. Errors: InvalidArgument (pinned); as lease.
  void unload(std::size_t model, ModelWait wait, ModelSink sink);

  /// The models' engine statistics are read without holding up anybody.
  [[nodiscard]] std::vector<ModelView> look();
  [[nodiscard]] bool loaded(std::size_t model) const;
  /// All pinned models are loaded.
  [[nodiscard]] bool ready() const;

  /// From now on nothing is loaded and nobody gets a lease; who waits hears so; engines drain.
  void drain();
  /// Joins the threads (a load that is under way is waited for) and destroys the engines, whatever
  /// leases there are: they end their requests. Not on an engine's thread.
  void close();

  /// What the threads do, one step at a time; false where nothing is due.
  bool loader_step();
  bool clerk_step();

 private:
  using Clock = ModelHouseOptions::Clock;
  struct Hold;
  struct Wait {
    std::uint64_t number = 0;
    Clock::time_point deadline;
    std::size_t bytes = 0;
    ModelSink sink;
    /// Its destructor waits for a callback that runs: never under the lock.
    std::optional<std::stop_callback<std::function<void()>>> on_cancel;
  };
  /// A wait that is over, for the clerk to say so.
  struct Delivery {
    std::shared_ptr<Wait> wait;
    Result<ModelLease> result;
  };
  struct Entry {
    ModelState state = ModelState::Unloaded;
    std::shared_ptr<TextEngine> engine;  ///< owned here alone
    std::optional<ModelCard> card;
    std::size_t leases_count = 0;
    std::size_t looks_count = 0;  ///< short calls under way that hold no lease (statistics)
    Clock::time_point idle_since;
    std::optional<Error> failure;
    Clock::time_point failure_until;
    std::deque<std::shared_ptr<Wait>> waits;  ///< for a lease, oldest first
    std::deque<std::shared_ptr<Wait>> unload_waits;
    bool load_at_start = false;
    UnloadReason reason = UnloadReason::Request;
  };
  struct Job {
    std::size_t model = 0;
    std::shared_ptr<TextEngine> engine;  ///< to destroy; null: to load
  };

  void loader_loop();
  void clerk_loop();
  void run(Job job);
  void run_load(std::size_t model);
  void run_unload(Job job);
  void finish_load(std::size_t model, std::shared_ptr<TextEngine> engine);
  void fail_load(std::size_t model, const Error& error);
  void report(const ModelEvent& event) const;
  void release(std::size_t model);
  void cancel(std::size_t model, std::uint64_t number);
  void enter_wait(std::size_t model, ModelWait wait, ModelSink sink, bool for_unload);
  void end_looks(const std::vector<const TextEngine*>& engines);
  [[nodiscard]] bool is_pinned(std::size_t model) const {
    return model == 0 || models_[model].pinned;
  }

  std::optional<Job> pick_job() REQUIRES(mutex_);
  Job begin_unload(std::size_t model, UnloadReason reason) REQUIRES(mutex_);
  [[nodiscard]] bool is_idle(std::size_t model) const REQUIRES(mutex_);
  /// When an idle model's time is up; nothing for one that stays or is in use.
  [[nodiscard]] std::optional<Clock::time_point> idle_until(std::size_t model) const
      REQUIRES(mutex_);
  [[nodiscard]] std::optional<std::size_t> next_wanted() const REQUIRES(mutex_);
  [[nodiscard]] std::optional<std::size_t> oldest_idle() const REQUIRES(mutex_);
  /// Bytes that `model` could take now, or once every idle model were unloaded.
  [[nodiscard]] std::uint64_t room_for(std::size_t model, bool without_idle) const REQUIRES(mutex_);
  [[nodiscard]] Error no_room(std::size_t model) const REQUIRES(mutex_);
  [[nodiscard]] ModelLease make_lease(std::size_t model) REQUIRES(mutex_);
  /// An answer for who asks now; nothing: it has to wait.
  [[nodiscard]] std::optional<Result<ModelLease>> answer_now(std::size_t model, bool for_unload)
      REQUIRES(mutex_);
  [[nodiscard]] std::optional<Error> too_many(const ModelWait& wait) REQUIRES(mutex_);
  void settle(std::shared_ptr<Wait> wait, Result<ModelLease> result) REQUIRES(mutex_);
  void settle_waits(std::size_t model, const Error& error) REQUIRES(mutex_);
  void settle_unloads(std::size_t model) REQUIRES(mutex_);
  void expire_waits() REQUIRES(mutex_);

  const std::vector<ModelSource> models_;
  const ModelHouseOptions options_;
  mutable Mutex mutex_;
  std::condition_variable_any loader_wake_;
  std::condition_variable_any clerk_wake_;
  std::vector<Entry> entries_ GUARDED_BY(mutex_);
  std::deque<Delivery> deliveries_ GUARDED_BY(mutex_);
  std::uint64_t last_number_ GUARDED_BY(mutex_) = 0;
  std::size_t waits_count_ GUARDED_BY(mutex_) = 0;
  std::size_t waits_bytes_ GUARDED_BY(mutex_) = 0;
  bool draining_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;
  std::thread loader_;
  std::thread clerk_;
};

}  // namespace croft

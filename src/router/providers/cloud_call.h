#pragma once
/// Asks upstreams until one answers: retries with growing pauses, the next one in order where that
/// does not help, a second one at the same time where the first is slow.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "router/dialects/chat_exchange.h"
#include "router/providers/upstream.h"

namespace croft {

/// One attempt under way; it may be cancelled from the thread that its events come on.
class Attempt {
 public:
  virtual ~Attempt() = default;
  /// No event follows.
  virtual void cancel() = 0;
};
using AttemptSink = std::function<void(dialects::AnswerEvent)>;

/// A model of an upstream, in the order in which it is tried.
struct CloudTarget {
  std::string name;  ///< in the configuration
  std::shared_ptr<Upstream> upstream;
  std::uint32_t model = 0;  ///< index in the configuration
};

/// What was tried, for the trace and the ledger.
struct AttemptNote {
  std::size_t target = 0;
  std::size_t retry = 0;  ///< 0: the first time
  bool hedge = false;
  std::string skipped = {};  ///< why nothing was sent; empty: it was
  double started_ms = 0.0;   ///< after the call began
  double first_ms = -1.0;    ///< first content; negative: none came
  double ended_ms = -1.0;
  std::optional<dialects::Failed> failure = {};
  dialects::Usage usage = {};
  bool has_usage = false;
  std::size_t answer_tokens = 0;  ///< heard so far, by estimate
  bool won = false;
  bool cancelled = false;
};

/// What the call needs of the world. All on one thread.
struct CloudWorld {
  std::function<Upstream::Time()> now;
  std::function<void(std::chrono::milliseconds, std::function<void()>)> after;
  /// Begins an attempt. Events never come from within the call.
  std::function<std::shared_ptr<Attempt>(const CloudTarget&, AttemptSink)> begin;
};

struct CloudOptions {
  std::chrono::milliseconds pause{250};  ///< before the first retry; doubles
  std::chrono::milliseconds pause_max{
      4000};               ///< a longer wish of the upstream: the next one is asked
  std::uint64_t seed = 0;  ///< of the jitter
};

class CloudCall : public std::enable_shared_from_this<CloudCall> {
 public:
  /// Hears the events of the one attempt that answers: Started first, one Finished or Failed last.
  using Sink = std::function<void(const CloudTarget&, dialects::AnswerEvent)>;

  CloudCall(CloudWorld world, CloudOptions options, std::vector<CloudTarget> targets, Sink sink);
  void start();
  /// Nothing is heard after it.
  void cancel();

  [[nodiscard]] const std::vector<AttemptNote>& notes() const { return notes_; }
  [[nodiscard]] const std::vector<CloudTarget>& targets() const { return targets_; }

 private:
  struct Live {
    std::size_t note = 0;  ///< its number
    std::shared_ptr<Attempt> attempt;
    std::vector<dialects::AnswerEvent> held;  ///< what came before the first content
  };

  [[nodiscard]] double elapsed_ms() const;
  /// Sends to the next target that takes requests; false where there is none.
  bool begin_next(bool hedge);
  bool begin_at(std::size_t target, std::size_t retry, bool hedge);
  void plan_hedge(std::size_t target);
  void on_event(std::size_t note, dialects::AnswerEvent event);
  void win(std::size_t note);
  void attempt_failed(std::size_t note, const dialects::Failed& failed);
  [[nodiscard]] std::chrono::milliseconds pause_before(std::size_t retry,
                                                       const dialects::Failed& failed);
  void end_if_idle();
  Live* find_live(std::size_t note);
  void drop_live(std::size_t note);
  void give(const CloudTarget& target, dialects::AnswerEvent event);

  CloudWorld world_;
  CloudOptions options_;
  std::vector<CloudTarget> targets_;
  Sink sink_;
  std::mt19937_64 random_;
  Upstream::Time begun_;
  std::vector<AttemptNote> notes_;
  std::vector<Live> live_;
  std::size_t next_ = 0;     ///< target
  std::size_t waiting_ = 0;  ///< retries that are planned
  std::optional<std::size_t> winner_;
  std::optional<dialects::Failed> last_failure_;
  bool hedged_ = false;
  bool over_ = false;
};

}  // namespace croft

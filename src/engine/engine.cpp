#include "engine/engine.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <new>
#include <thread>

#include "base/check.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/thread_pool.h"
#include "engine/admission.h"
#include "engine/batcher.h"
#include "engine/sampling.h"
#include "model/encoder.h"
#include "model/memory_plan.h"

namespace croft {
namespace {

/// Tokens of one encoder batch: enough to fill the kernels, few enough that a cancel is heard
/// within tens of ms.
constexpr std::size_t kEncoderBatchTokens = 1024;

/// How long an idle engine keeps the memory of finished requests.
constexpr std::chrono::seconds kKeepMemory{2};

struct EmbeddingJob {
  EmbeddingRequest request;
  EmbeddingSink sink;
};

Result<void> check_ids(std::span<const TokenId> ids, std::size_t vocabulary, const char* field) {
  for (const TokenId id : ids) {
    if (id < 0 || static_cast<std::size_t>(id) >= vocabulary)
      return fail(ErrorCode::InvalidArgument,
                  std::string(field) + " holds the token id " + std::to_string(id) +
                      "; the vocabulary has " + std::to_string(vocabulary),
                  {}, field);
  }
  return {};
}

Result<void> check_length(std::size_t tokens, std::size_t context, const char* field) {
  if (tokens == 0)
    return fail(ErrorCode::InvalidArgument,
                std::string(field) + " is empty: there is no token to continue from",
                "Give at least one token of text.", field);
  if (tokens > context)
    return fail(ErrorCode::ContextOverflow,
                std::string(field) + " has " + std::to_string(tokens) +
                    " tokens; the context holds " + std::to_string(context),
                "Shorten it, or start with a larger --context where the model allows it.", field);
  return {};
}

}  // namespace

struct Engine::Impl {
  Impl(std::shared_ptr<const Model> model_in, const EngineOptions& options_in, Isa isa_in)
      : model(std::move(model_in)),
        options(options_in),
        isa(isa_in),
        pool(options.threads),
        admission({.requests_max = options.queue_max, .wait_max = options.queue_wait}) {
    admission.reset(options.parallel, options.parallel, 0.0);
  }

  std::shared_ptr<const Model> model;
  EngineOptions options;
  Isa isa;
  ThreadPool pool;
  std::unique_ptr<Batcher> batcher;         ///< text models
  std::unique_ptr<EncoderSession> encoder;  ///< embedding models

  Mutex mutex;
  std::condition_variable_any wake;
  std::deque<std::unique_ptr<Sequence>> waiting GUARDED_BY(mutex);  ///< for the owner thread
  Admission admission GUARDED_BY(mutex);  ///< of the scheduler's queue and `waiting`
  std::deque<EmbeddingJob> embeddings GUARDED_BY(mutex);
  EngineStats stats GUARDED_BY(mutex);
  bool draining GUARDED_BY(mutex) = false;
  bool stopping GUARDED_BY(mutex) = false;
  std::thread owner;  ///< last: it uses everything above

  void loop();
  /// Takes work from the inbox, sleeping while there is none. False: stop.
  bool collect(std::deque<EmbeddingJob>& jobs);
  void step();
  void run(EmbeddingJob job);
  Result<std::vector<std::vector<float>>> embed(const EmbeddingRequest& request);
  Result<std::vector<std::vector<float>>> embed_or_say(const EmbeddingRequest& request);
  Result<std::vector<std::vector<float>>> encode(const EmbeddingRequest& request);
};

bool Engine::Impl::collect(std::deque<EmbeddingJob>& jobs) {
  std::vector<std::unique_ptr<Sequence>> gone;
  {
    MutexLock lock(mutex);
    const auto idle = [&] REQUIRES(mutex) {
      return !stopping && waiting.empty() && embeddings.empty() && (!batcher || batcher->idle());
    };
    // What comes soon finds the memory of the last requests still there.
    const auto kept_until = std::chrono::steady_clock::now() + kKeepMemory;
    while (idle() && lock.wait_until(wake, kept_until)) {
    }
    if (idle() && batcher) batcher->trim();
    while (idle()) lock.wait(wake);
    if (stopping) return false;
    while (!embeddings.empty()) {
      jobs.push_back(std::move(embeddings.front()));
      embeddings.pop_front();
    }
    for (auto& sequence : waiting)
      if (sequence->cancelled()) gone.push_back(std::move(sequence));
    std::erase(waiting, nullptr);
    for (auto& sequence : waiting) batcher->add(std::move(sequence));
    waiting.clear();
  }
  // Outside the lock: a sink may take as long as it likes without stopping submitters.
  for (auto& sequence : gone)
    sequence->finish(FinishReason::Cancelled, std::chrono::steady_clock::now());
  return true;
}

void Engine::Impl::loop() {
  std::deque<EmbeddingJob> jobs;
  for (;;) {
    try {
      if (!collect(jobs)) break;
      while (!jobs.empty()) {
        EmbeddingJob job = std::move(jobs.front());
        jobs.pop_front();
        run(std::move(job));
      }
      if (batcher && !batcher->idle()) step();
    } catch (const std::bad_alloc&) {
      // What was begun is still there; others may give memory back in the meantime.
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  if (batcher) batcher->cancel_all();
  std::deque<std::unique_ptr<Sequence>> left;
  std::deque<EmbeddingJob> left_jobs;
  {
    const MutexLock lock(mutex);
    left.swap(waiting);
    left_jobs.swap(embeddings);
  }
  for (auto& sequence : left)
    sequence->finish(FinishReason::Cancelled, std::chrono::steady_clock::now());
  for (EmbeddingJob& job : left_jobs)
    job.sink(fail(ErrorCode::Cancelled, "the engine is shutting down"));
}

void Engine::Impl::step() {
  const auto begin = std::chrono::steady_clock::now();
  const Batcher::StepCount count = batcher->step();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const MutexLock lock(mutex);
  stats.prompt_tokens_total += count.prompt_tokens;
  stats.generated_tokens_total += count.generated_tokens;
  stats.steps_total += 1;
  stats.step_seconds_total += took.count();
  batcher->fill(stats);
  batcher->fill(admission);
  for (const auto& sequence : waiting)
    admission.waits(sequence->request().tenant, sequence->request().priority);
}

void Engine::Impl::run(EmbeddingJob job) {
  auto result = embed_or_say(job.request);
  if (result && !std::ranges::all_of(*result, all_finite)) result = std::unexpected(not_numbers());
  if (result) {
    const MutexLock lock(mutex);
    for (const auto& input : job.request.inputs) stats.prompt_tokens_total += input.size();
  }
  job.sink(std::move(result));
}

Result<std::vector<std::vector<float>>> Engine::Impl::embed_or_say(
    const EmbeddingRequest& request) {
  try {
    return embed(request);
  } catch (const std::bad_alloc&) {
    return std::unexpected(out_of_memory());
  }
}

Result<std::vector<std::vector<float>>> Engine::Impl::embed(const EmbeddingRequest& request) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::vector<float>> out;
  Clock::duration computed{};
  const auto tell = [&] {
    if (request.on_computed) request.on_computed(std::chrono::duration<double>(computed).count());
  };
  if (encoder) {
    const auto begun = Clock::now();
    auto vectors = encode(request);
    computed = Clock::now() - begun;
    tell();
    return vectors;
  }
  for (const std::vector<TokenId>& input : request.inputs) {
    const auto begun = Clock::now();
    auto vector = batcher->embed(input, request.cancel);
    computed += Clock::now() - begun;
    if (!vector) {
      tell();
      return std::unexpected(std::move(vector).error());
    }
    out.push_back(*std::move(vector));
    if (!batcher->idle()) step();  // embeddings must not stop everybody's stream
  }
  tell();
  return out;
}

Result<std::vector<std::vector<float>>> Engine::Impl::encode(const EmbeddingRequest& request) {
  std::vector<std::vector<float>> out;
  const std::span<const std::vector<TokenId>> inputs = request.inputs;
  for (std::size_t first = 0; first < inputs.size();) {
    if (request.cancel.stop_requested()) return fail(ErrorCode::Cancelled, "the caller went away");
    std::size_t count = 0;
    std::size_t tokens = 0;
    while (first + count < inputs.size() &&
           (count == 0 || tokens + inputs[first + count].size() <= kEncoderBatchTokens)) {
      tokens += inputs[first + count].size();
      ++count;
    }
    for (std::vector<float>& vector : encoder->embed(inputs.subspan(first, count)))
      out.push_back(std::move(vector));
    first += count;
  }
  return out;
}

Result<std::unique_ptr<Engine>> Engine::create(std::shared_ptr<const Model> model,
                                               const EngineOptions& wanted) {
  EngineOptions options = wanted;
  const ModelConfig& config = model->config();
  if (options.context == 0) options.context = usual_context(config);
  if (options.context > config.context_length)
    log_warning("a context of " + std::to_string(options.context) + " is longer than the " +
                std::to_string(config.context_length) +
                " tokens this model was trained for: answers past that will be poor");
  if (options.context > limits::context_max)
    return fail(ErrorCode::InvalidArgument,
                "a context of " + std::to_string(options.context) + " is over the limit of " +
                    std::to_string(limits::context_max),
                {}, "context");
  if (options.parallel == 0 || options.parallel > 1024)
    return fail(
        ErrorCode::InvalidArgument,
        "parallel is " + std::to_string(options.parallel) + ", it must lie between 1 and 1024", {},
        "parallel");
  if (options.prefill_chunk == 0)
    return fail(ErrorCode::InvalidArgument, "prefill_chunk must be at least 1", {},
                "prefill_chunk");
  if (options.threads > 1024)
    return fail(
        ErrorCode::InvalidArgument,
        "threads is " + std::to_string(options.threads) + ", it must lie between 1 and 1024", {},
        "threads");
  if (options.threads == 0) options.threads = available_cpus();
  auto impl = std::make_unique<Impl>(model, options, TRY(chosen_isa()));
  EngineStats stats;
  if (model->encoder() != nullptr) {
    impl->encoder = std::make_unique<EncoderSession>(*model->encoder(), impl->isa, impl->pool);
  } else {
    impl->batcher = TRY(Batcher::create(*model, options, impl->isa, impl->pool));
    stats.kv_positions_total = options.parallel * options.context;
  }
  {
    const MutexLock lock(impl->mutex);
    impl->stats = stats;
  }
  impl->owner = std::thread([raw = impl.get()] { raw->loop(); });
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Engine::~Engine() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->owner.join();
}

const Model& Engine::model() const {
  return *impl_->model;
}
std::shared_ptr<const Model> Engine::shared_model() const {
  return impl_->model;
}
const EngineOptions& Engine::options() const {
  return impl_->options;
}
Isa Engine::isa() const {
  return impl_->isa;
}

Result<void> Engine::generate(GenerationRequest request, GenerationSink sink) {
  const Model& model = *impl_->model;
  if (model.decoder() == nullptr)
    return fail(ErrorCode::Unsupported,
                "the model " + model.info().name + " makes embeddings and cannot generate text",
                "Use /v1/embeddings.", "model");
  TRY(check_length(request.prompt.size(), impl_->options.context, "prompt"));
  TRY(check_ids(request.prompt, model.config().vocabulary_size, "prompt"));
  TRY(validate(request.sampling, model.config().vocabulary_size));
  if (request.top_logprobs > limits::top_logprobs_max)
    return fail(ErrorCode::InvalidArgument,
                "top_logprobs is " + std::to_string(request.top_logprobs) + ", the most is " +
                    std::to_string(limits::top_logprobs_max),
                {}, "top_logprobs");
  auto sequence =
      std::make_unique<Sequence>(std::move(request), std::move(sink), model.tokenizer(),
                                 impl_->batcher->kv(), std::chrono::steady_clock::now());
  {
    const MutexLock lock(impl_->mutex);
    if (impl_->draining || impl_->stopping)
      return fail(ErrorCode::Unavailable, "the server is shutting down",
                  "Try another server, or later.");
    const GenerationRequest& asked = sequence->request();
    TRY(impl_->admission.check(asked.tenant, asked.priority, asked.deadline,
                               std::chrono::steady_clock::now()));
    impl_->admission.waits(asked.tenant, asked.priority);
    impl_->waiting.push_back(std::move(sequence));
  }
  impl_->wake.notify_one();
  return {};
}

Result<void> Engine::embed(EmbeddingRequest request, EmbeddingSink sink) {
  const ModelConfig& config = impl_->model->config();
  const std::size_t longest = config.is_encoder() ? config.context_length : impl_->options.context;
  for (const std::vector<TokenId>& input : request.inputs) {
    TRY(check_length(input.size(), longest, "input"));
    TRY(check_ids(input, config.vocabulary_size, "input"));
  }
  {
    const MutexLock lock(impl_->mutex);
    if (impl_->draining || impl_->stopping)
      return fail(ErrorCode::Unavailable, "the server is shutting down",
                  "Try another server, or later.");
    if (impl_->embeddings.size() >= impl_->options.queue_max)
      return fail(ErrorCode::Busy,
                  std::to_string(impl_->embeddings.size()) + " requests are waiting already",
                  "Try again later.");
    impl_->embeddings.push_back({std::move(request), std::move(sink)});
  }
  impl_->wake.notify_one();
  return {};
}

EngineStats Engine::stats() const {
  const MutexLock lock(impl_->mutex);
  EngineStats stats = impl_->stats;
  stats.requests_waiting = impl_->admission.waiting();
  return stats;
}

void Engine::drain() {
  const MutexLock lock(impl_->mutex);
  impl_->draining = true;
}

}  // namespace croft

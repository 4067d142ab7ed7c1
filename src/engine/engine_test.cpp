// Goal: the engine keeps its promises: batched results equal single ones bit for bit, one ending
// per request, limits refused with numbers, cancellation heard. Method: a tiny golden model,
// compared with itself run alone.
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <numeric>
#include <thread>

namespace croft {
namespace {

namespace fs = std::filesystem;

struct Collected {
  std::string text;
  std::vector<TokenId> tokens;
  std::vector<float> logprobs;
  std::vector<TokenLogprob> prompt;
  std::optional<GenerationDone> done;
  std::optional<Error> error;
  int endings = 0;
};

/// Runs a request to its end.
class Listener {
 public:
  GenerationSink sink() {
    return [this](GenerationEvent event) {
      const std::lock_guard lock(mutex_);
      if (auto* prompt = std::get_if<PromptDone>(&event))
        collected_.prompt = std::move(prompt->logprobs);
      if (auto* delta = std::get_if<TextDelta>(&event)) {
        collected_.text += delta->text;
        collected_.tokens.insert(collected_.tokens.end(), delta->tokens.begin(),
                                 delta->tokens.end());
        for (const TokenLogprob& l : delta->logprobs) collected_.logprobs.push_back(l.logprob);
      }
      if (auto* done = std::get_if<GenerationDone>(&event)) collected_.done = *done;
      if (auto* error = std::get_if<Error>(&event)) collected_.error = *error;
      if (collected_.done || collected_.error) {
        ++collected_.endings;
        ended_.notify_all();
      }
    };
  }
  Collected wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return collected_.endings > 0; });
    return collected_;
  }
  std::size_t tokens() {
    const std::lock_guard lock(mutex_);
    return collected_.tokens.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  Collected collected_;
};

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path path = fs::path(CROFT_SHARED_DIR) / "golden" / "tiny" / "llama-a" / "model.gguf";
    if (!fs::exists(path)) GTEST_SKIP() << "no golden model at " << path;
    auto model = Model::load(path);
    ASSERT_TRUE(model.has_value()) << model.error().to_string();
    model_ = *model;
  }
  std::unique_ptr<Engine> start(EngineOptions options) {
    options.threads = 2;
    auto engine = Engine::create(model_, options);
    EXPECT_TRUE(engine.has_value());
    return std::move(*engine);
  }
  static GenerationRequest request(std::vector<TokenId> prompt, std::size_t tokens_max) {
    GenerationRequest r;
    r.prompt = std::move(prompt);
    r.tokens_max = tokens_max;
    r.ignore_end_tokens = true;
    r.logprobs = true;
    r.sampling.seed = 11;
    return r;
  }
  static Collected run(Engine& engine, GenerationRequest r) {
    Listener listener;
    const auto accepted = engine.generate(std::move(r), listener.sink());
    EXPECT_TRUE(accepted.has_value());
    return accepted ? listener.wait() : Collected{};
  }
  static std::vector<TokenId> prompt_of(std::size_t length, TokenId salt) {
    std::vector<TokenId> ids;
    for (std::size_t i = 0; i < length; ++i)
      ids.push_back(static_cast<TokenId>((i * 37 + static_cast<std::size_t>(salt) * 101) % 560));
    return ids;
  }
  std::shared_ptr<const Model> model_;
};

TEST_F(EngineTest, BatchedEqualsSingleBitForBit) {
  std::vector<GenerationRequest> requests;
  for (TokenId i = 0; i < 6; ++i)
    requests.push_back(request(prompt_of(3 + 29 * static_cast<std::size_t>(i), i),
                               20 + static_cast<std::size_t>(i)));
  std::vector<Collected> alone;
  {
    const auto engine = start({.context = 512, .parallel = 1, .prefill_chunk = 512});
    for (const GenerationRequest& r : requests) alone.push_back(run(*engine, r));
  }
  const auto engine = start({.context = 512, .parallel = 4, .prefill_chunk = 40});
  std::vector<Listener> listeners(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i)
    ASSERT_TRUE(engine->generate(requests[i], listeners[i].sink()).has_value());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Collected together = listeners[i].wait();
    EXPECT_EQ(together.tokens, alone[i].tokens) << i;
    EXPECT_EQ(together.logprobs, alone[i].logprobs) << i;
    EXPECT_EQ(together.text, alone[i].text);
    EXPECT_EQ(together.endings, 1);
    EXPECT_EQ(together.done->usage.completion_tokens, requests[i].tokens_max);
  }
}

TEST_F(EngineTest, StepsAreSharedOutAmongThoseWhoseRowsTheyComputed) {
  const auto engine = start({.context = 512, .parallel = 4, .prefill_chunk = 64});
  std::vector<Listener> listeners(4);
  for (std::size_t i = 0; i < listeners.size(); ++i)
    ASSERT_TRUE(engine
                    ->generate(request(prompt_of(i == 0 ? 400 : 4, static_cast<TokenId>(i)), 12),
                               listeners[i].sink())
                    .has_value());
  std::vector<double> shares;
  for (Listener& listener : listeners)
    shares.push_back(listener.wait().done->usage.compute_seconds);
  for (std::size_t i = 1; i < shares.size(); ++i) {
    EXPECT_GT(shares[i], 0.0);
    EXPECT_GT(shares[0], shares[i]) << "400 prompt tokens against 4";
  }
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  while (engine->stats().requests_running != 0) std::this_thread::yield();
  EXPECT_LE(sum, engine->stats().step_seconds_total) << "nothing is counted twice";
  EXPECT_GT(sum, 0.5 * engine->stats().step_seconds_total) << "nor forgotten";
}

TEST_F(EngineTest, GuessesChangeNothingButTheNumberOfSteps) {
  // A prompt that repeats itself: what follows was there before.
  std::vector<TokenId> prompt;
  for (int i = 0; i < 12; ++i)
    for (const TokenId id : {5, 300, 77, 12, 410, 9}) prompt.push_back(id);
  for (const float temperature : {0.0f, 0.8f}) {
    std::vector<Collected> results;
    std::vector<EngineStats> stats;
    for (const bool lookup : {false, true}) {
      const auto engine = start({.context = 512, .parallel = 2, .prompt_lookup = lookup});
      GenerationRequest r = request(prompt, 150);
      r.sampling.temperature = temperature;
      // Few tokens to choose from: the tiny model repeats itself too.
      r.sampling.logit_bias = {{300, 100.0f}, {77, 100.0f}};
      r.top_logprobs = 3;
      results.push_back(run(*engine, r));
      // The sink hears of the end before the step is counted.
      while (engine->stats().requests_running != 0) std::this_thread::yield();
      stats.push_back(engine->stats());
    }
    EXPECT_EQ(results[0].tokens, results[1].tokens);
    EXPECT_EQ(results[0].logprobs, results[1].logprobs);
    EXPECT_EQ(results[0].text, results[1].text);
    EXPECT_EQ(results[1].endings, 1);
    EXPECT_EQ(stats[0].guessed_tokens_total, 0u);
    EXPECT_GT(stats[1].guessed_tokens_total, 0u);
    EXPECT_EQ(stats[1].steps_total + stats[1].guessed_held_total, stats[0].steps_total);
    if (temperature == 0.0f) {
      EXPECT_GT(stats[1].guessed_held_total, 20u);
    }
  }
}

std::shared_ptr<const Model> tiny(const char* name) {
  auto model = Model::load(fs::path(CROFT_SHARED_DIR) / "golden" / "tiny" / name / "model.gguf");
  EXPECT_TRUE(model.has_value());
  return model ? *model : nullptr;
}

TEST_F(EngineTest, ADraftModelChangesNothingButTheNumberOfSteps) {
  model_ = tiny("qwen3-a");
  // The best of all draft models is the model itself; the other one of this vocabulary knows
  // nothing of it, and is soon given up.
  const std::shared_ptr<const Model> drafts[] = {nullptr, model_, tiny("qwen2-a")};
  for (const float temperature : {0.0f, 1.0f}) {
    std::vector<std::vector<Collected>> results;
    std::vector<EngineStats> stats;
    for (const auto& draft : drafts) {
      const auto engine = start({.context = 512,
                                 .parallel = 3,
                                 .draft = draft,
                                 .draft_cost = 0.1,
                                 .prompt_lookup = false});
      // Two together, of different lengths, one of them longer than a draft model reads at once.
      std::vector<Listener> listeners(2);
      for (std::size_t i = 0; i < listeners.size(); ++i) {
        GenerationRequest r = request(prompt_of(30 + 150 * i, 3), 200);
        r.sampling.temperature = temperature;
        EXPECT_TRUE(engine->generate(r, listeners[i].sink()).has_value());
      }
      results.emplace_back();
      for (Listener& listener : listeners) results.back().push_back(listener.wait());
      while (engine->stats().requests_running != 0) std::this_thread::yield();
      stats.push_back(engine->stats());
    }
    for (const std::size_t draft : {1u, 2u})
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(results[draft][i].tokens, results[0][i].tokens);
        EXPECT_EQ(results[draft][i].logprobs, results[0][i].logprobs);
        EXPECT_EQ(results[draft][i].text, results[0][i].text);
        EXPECT_EQ(results[draft][i].endings, 1);
      }
    EXPECT_EQ(stats[0].guessed_tokens_total, 0u);
    if (temperature == 0.0f) {
      EXPECT_EQ(stats[1].guessed_held_total, stats[1].guessed_tokens_total)
          << "it draws what it guessed itself";
      EXPECT_LT(stats[1].steps_total * 2, stats[0].steps_total);
    }
    EXPECT_GT(stats[2].guessed_tokens_total, 0u);
    EXPECT_LT(stats[2].guessed_tokens_total, 100u) << "given up";
  }
}

TEST_F(EngineTest, ADraftModelOfAnotherVocabularyIsRefused) {
  const auto refused =
      Engine::create(model_, {.context = 64, .draft = tiny("qwen3-a"), .threads = 1});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
  EXPECT_EQ(refused.error().field, "draft");
}

TEST_F(EngineTest, AKnownBeginningGivesTheSameAnswerToItsTenantOnly) {
  const auto engine = start({.context = 512, .parallel = 2});
  GenerationRequest r = request(prompt_of(200, 4), 20);
  r.tenant = "one";
  const Collected first = run(*engine, r);
  const Collected second = run(*engine, r);
  EXPECT_EQ(first.done->usage.cached_tokens, 0u);
  EXPECT_EQ(second.done->usage.cached_tokens, 192u);
  EXPECT_EQ(first.tokens, second.tokens);
  EXPECT_EQ(first.logprobs, second.logprobs);
  // S10: another tenant's request finds nothing, so its time tells nothing.
  r.tenant = "two";
  EXPECT_EQ(run(*engine, r).done->usage.cached_tokens, 0u);
  const auto without = start({.context = 512, .parallel = 2, .prefix_cache = false});
  EXPECT_EQ(run(*without, r).logprobs, first.logprobs);
  EXPECT_EQ(run(*without, r).done->usage.cached_tokens, 0u);
}

TEST_F(EngineTest, AFullQueueSaysWhenToComeBack) {
  std::vector<Listener> listeners(8);  // outlive the engine, which tells them of its end
  const auto engine = start({.context = 512, .parallel = 1, .queue_max = 1});
  std::optional<Error> busy;
  for (Listener& listener : listeners) {
    const auto accepted = engine->generate(request(prompt_of(4, 2), 300), listener.sink());
    if (!accepted) busy = accepted.error();
  }
  ASSERT_TRUE(busy.has_value());
  EXPECT_EQ(busy->code, ErrorCode::Busy);
  EXPECT_GE(busy->retry_after_seconds, 1);
}

TEST_F(EngineTest, ADeadlineEndsWhatIsNotComplete) {
  const auto engine = start({.context = 512, .parallel = 1});
  GenerationRequest r = request(prompt_of(4, 2), 500);
  r.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(3);
  const Collected late = run(*engine, r);
  ASSERT_TRUE(late.error.has_value());
  EXPECT_EQ(late.error->code, ErrorCode::DeadlineExceeded);
  EXPECT_EQ(late.endings, 1);
  r.deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  EXPECT_EQ(run(*engine, r).done->reason, FinishReason::Length);
}

TEST_F(EngineTest, AQueueThatTakesTooLongRefusesAtOnce) {
  std::vector<Listener> listeners(30);
  const auto engine = start({.context = 512, .parallel = 1});
  run(*engine, request(prompt_of(60, 3), 300));  // rates are known from here on
  while (engine->stats().requests_running != 0) std::this_thread::yield();
  for (Listener& listener : listeners)
    ASSERT_TRUE(engine->generate(request(prompt_of(60, 3), 300), listener.sink()).has_value());
  GenerationRequest hasty = request(prompt_of(60, 3), 3);
  hasty.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
  Listener unheard;
  const auto refused = engine->generate(hasty, unheard.sink());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::Busy);
  EXPECT_GE(refused.error().retry_after_seconds, 1);
}

TEST_F(EngineTest, PromptScoresDoNotDependOnChunks) {
  GenerationRequest r = request(prompt_of(100, 3), 0);
  r.prompt_logprobs = true;
  r.top_logprobs = 2;
  std::vector<std::vector<float>> scores;
  for (const std::size_t chunk : {7u, 100u}) {
    const auto engine = start({.context = 128, .prefill_chunk = chunk});
    const Collected got = run(*engine, r);
    ASSERT_EQ(got.prompt.size(), 100u);
    EXPECT_TRUE(std::isnan(got.prompt[0].logprob));
    EXPECT_EQ(got.prompt[5].top.size(), 2u);
    EXPECT_EQ(got.prompt[5].id, r.prompt[5]);
    EXPECT_EQ(got.done->reason, FinishReason::Length);
    EXPECT_TRUE(got.tokens.empty());
    std::vector<float> values;
    for (std::size_t i = 1; i < got.prompt.size(); ++i) values.push_back(got.prompt[i].logprob);
    scores.push_back(values);
  }
  EXPECT_EQ(scores[0], scores[1]);
}

TEST_F(EngineTest, ContextIsAHardBorderWithNumbers) {
  const auto engine = start({.context = 32});
  Listener listener;
  const auto refused = engine->generate(request(prompt_of(33, 1), 1), listener.sink());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::ContextOverflow);
  EXPECT_NE(refused.error().message.find("33"), std::string::npos);
  EXPECT_NE(refused.error().message.find("32"), std::string::npos);
  const Collected full = run(*engine, request(prompt_of(30, 1), 50));
  EXPECT_EQ(full.done->reason, FinishReason::Length);
  EXPECT_EQ(full.tokens.size(),
            3u);  // two that are fed back, and the one drawn from the last position
}

TEST_F(EngineTest, RefusesBadRequests) {
  const auto engine = start({.context = 64});
  Listener listener;
  for (const std::vector<TokenId>& prompt :
       {std::vector<TokenId>{}, std::vector<TokenId>{-1}, std::vector<TokenId>{100000}}) {
    const auto refused = engine->generate(request(prompt, 1), listener.sink());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().field, "prompt");
  }
  GenerationRequest hot = request({1}, 1);
  hot.sampling.temperature = -1.0f;
  EXPECT_FALSE(engine->generate(hot, listener.sink()).has_value());
  EXPECT_FALSE(Engine::create(model_, {.parallel = 0}).has_value());
  EXPECT_FALSE(Engine::create(model_, {.context = 100'000'000}).has_value());
}

TEST_F(EngineTest, CancelFreesTheSlotWithinATokenOrTwo) {
  const auto engine = start({.context = 512, .parallel = 1});
  std::stop_source stop;
  GenerationRequest endless = request(prompt_of(4, 2), 500);
  endless.cancel = stop.get_token();
  Listener listener;
  ASSERT_TRUE(engine->generate(endless, listener.sink()).has_value());
  while (listener.tokens() < 3) std::this_thread::yield();
  stop.request_stop();
  EXPECT_EQ(listener.wait().done->reason, FinishReason::Cancelled);
  EXPECT_EQ(run(*engine, request(prompt_of(4, 2), 2)).tokens.size(), 2u);
}

TEST_F(EngineTest, QueueIsBoundedAndDrainRefuses) {
  const auto engine = start({.context = 512, .parallel = 1, .queue_max = 2});
  std::vector<Listener> listeners(20);
  std::size_t busy = 0;
  std::vector<std::size_t> accepted;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const auto result = engine->generate(request(prompt_of(8, 1), 200), listeners[i].sink());
    if (result)
      accepted.push_back(i);
    else
      busy += result.error().code == ErrorCode::Busy;
  }
  EXPECT_GT(busy, 0u);
  engine->drain();
  const auto refused = engine->generate(request({1}, 1), listeners[19].sink());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
  for (const std::size_t i : accepted)
    EXPECT_EQ(listeners[i].wait().done->reason, FinishReason::Length);
}

TEST_F(EngineTest, DestructionEndsEveryRequestOnce) {
  auto engine = start({.context = 512, .parallel = 2});
  std::vector<Listener> listeners(8);
  for (Listener& listener : listeners)
    ASSERT_TRUE(engine->generate(request(prompt_of(8, 1), 400), listener.sink()).has_value());
  engine.reset();
  for (Listener& listener : listeners) EXPECT_EQ(listener.wait().endings, 1);
}

TEST_F(EngineTest, EmbeddingsOfATextModelAreNormalisedAndRepeat) {
  const auto engine = start({.context = 128, .prefill_chunk = 16});
  const auto embed = [&](std::vector<std::vector<TokenId>> inputs) {
    std::promise<Result<std::vector<std::vector<float>>>> promise;
    EXPECT_TRUE(engine
                    ->embed({std::move(inputs), {}},
                            [&](auto result) { promise.set_value(std::move(result)); })
                    .has_value());
    return promise.get_future().get().value();
  };
  const auto both = embed({prompt_of(40, 1), prompt_of(7, 2)});
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[1], embed({prompt_of(7, 2)})[0]);
  double sum = 0.0;
  for (const float v : both[0]) sum += static_cast<double>(v) * static_cast<double>(v);
  EXPECT_NEAR(sum, 1.0, 1e-5);
}

TEST_F(EngineTest, EveryCacheTypeRuns) {
  const Collected exact =
      run(*start({.context = 128, .kv_type = TensorType::F32}), request(prompt_of(60, 4), 4));
  for (const TensorType type : {TensorType::F16, TensorType::BF16}) {
    const Collected got =
        run(*start({.context = 128, .kv_type = type}), request(prompt_of(60, 4), 4));
    ASSERT_FALSE(got.logprobs.empty());
    EXPECT_NEAR(got.logprobs[0], exact.logprobs[0], 0.1f);
  }
  // Heads of 16 are no whole block of 32.
  const auto refused = Engine::create(model_, {.context = 128, .kv_type = TensorType::Q8_0});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
}

TEST_F(EngineTest, DamagedWeightsEndTheRequestWithASentence) {
  // Every weight NaN but the header intact: what a file looks like after its blocks were lost.
  const fs::path path = fs::path(CROFT_SHARED_DIR) / "golden" / "tiny" / "llama-a" / "model.gguf";
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const fs::path damaged =
      fs::path(testing::TempDir()) / ("damaged-" + std::to_string(getpid()) + ".gguf");
  std::fill(bytes.end() - static_cast<std::ptrdiff_t>(bytes.size() / 4), bytes.end(), '\xFF');
  std::ofstream(damaged, std::ios::binary) << bytes;
  auto model = Model::load(damaged);
  fs::remove(damaged);
  ASSERT_TRUE(model.has_value()) << model.error().to_string();
  model_ = *model;
  const auto engine = start({.context = 64});
  GenerationRequest r = request(prompt_of(9, 1), 4);
  r.prompt_logprobs = true;
  const Collected got = run(*engine, r);
  ASSERT_TRUE(got.error.has_value());
  EXPECT_EQ(got.error->code, ErrorCode::Corrupt);
  EXPECT_THAT(got.error->to_string(), testing::HasSubstr("not numbers"));
  EXPECT_EQ(got.endings, 1);
  std::promise<Result<std::vector<std::vector<float>>>> promise;
  ASSERT_TRUE(engine
                  ->embed({{prompt_of(5, 1)}, {}},
                          [&](auto result) { promise.set_value(std::move(result)); })
                  .has_value());
  const auto embedded = promise.get_future().get();
  ASSERT_FALSE(embedded.has_value());
  EXPECT_EQ(embedded.error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace croft

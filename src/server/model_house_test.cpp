// Goal: a model is loaded once for all who ask, stays while somebody holds it, goes by time, by
// memory or by hand, and nobody waits for ever. Method: the house is walked step by step under a
// clock and a memory of the test's own, with fake engines; a storm of threads shows what races
// (ThreadSanitizer runs it).
#include "server/model_house.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "server/testing/fake_engine.h"

namespace croft {
namespace {

using testing::FakeEngine;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
using Clock = ModelHouseOptions::Clock;

/// Counts its kind, so that a test sees what is in memory.
class CountedEngine : public FakeEngine {
 public:
  explicit CountedEngine(std::atomic<int>& count) : count_(count) { ++count_; }
  ~CountedEngine() override { --count_; }

 private:
  std::atomic<int>& count_;
};

/// What a sink heard.
struct Heard {
  int times = 0;
  ModelLease lease;
  Error error;
};

class ModelHouseTest : public ::testing::Test {
 protected:
  static constexpr std::size_t main_model = 0, a = 1, b = 2, c = 3;

  ModelHouseTest() { use({}); }
  ~ModelHouseTest() override { house_->close(); }

  /// Each of the four needs 10 bytes, unless the test says otherwise of c.
  void use(ModelHouseOptions options, bool pin_a = false) {
    options.now = [this] { return now_; };
    options.memory_available = [this] { return available_; };
    options.on_event = [this](const ModelEvent& event) {
      if (event.kind != ModelEvent::Kind::Unloaded) return;
      reasons_.push_back(event.reason);
      available_ += 10;
    };
    std::vector<ModelSource> models;
    for (const char* name : {"main", "a", "b", "c"}) {
      const std::size_t model = models.size();
      models.push_back({.name = name,
                        .pinned = pin_a && model == a,
                        .need_bytes = model == c ? need_of_c_ : 10});
      models.back().load = [this, model]() -> Result<std::unique_ptr<TextEngine>> {
        ++loads_[model];
        order_.push_back(model);
        if (during_load_) during_load_();
        if (fails_) return fail(ErrorCode::Corrupt, "tensor 7 is cut short", "Pull it again");
        return std::make_unique<CountedEngine>(engines_);
      };
    }
    house_.emplace(std::move(models), std::move(options));
    house_->set_engine(main_model, std::make_shared<CountedEngine>(engines_));
  }

  std::shared_ptr<Heard> ask(std::size_t model, ModelWait wait = {}) {
    auto heard = std::make_shared<Heard>();
    house_->lease(model, std::move(wait), sink_of(heard));
    return heard;
  }
  std::shared_ptr<Heard> unload(std::size_t model) {
    auto heard = std::make_shared<Heard>();
    house_->unload(model, {}, sink_of(heard));
    return heard;
  }
  static ModelSink sink_of(const std::shared_ptr<Heard>& heard) {
    return [heard](Result<ModelLease> result) {
      ++heard->times;
      if (result)
        heard->lease = *std::move(result);
      else
        heard->error = result.error();
    };
  }
  /// Everything that is due now.
  void work() {
    bool more = true;
    while (more) {
      more = house_->loader_step();
      more = house_->clerk_step() || more;
    }
  }
  void pass(std::chrono::seconds time) {
    now_ += time;
    work();
  }
  /// Loads `model` and lets go of it.
  void touch(std::size_t model) {
    const auto heard = ask(model);
    work();
    ASSERT_NE(heard->lease, nullptr) << heard->error.message;
    heard->lease.reset();
    work();
  }
  ModelState state(std::size_t model) { return house_->look()[model].state; }
  bool loaded(std::size_t model) { return state(model) == ModelState::Ready; }

  Clock::time_point now_{1h};
  std::uint64_t available_ = 1000;
  std::atomic<int> engines_{0};
  std::uint64_t need_of_c_ = 10;
  int loads_[4] = {};
  std::vector<std::size_t> order_;
  bool fails_ = false;
  std::function<void()> during_load_;
  std::vector<UnloadReason> reasons_;
  std::optional<ModelHouse> house_;
};

TEST_F(ModelHouseTest, AllWhoAskShareOneLoad) {
  const auto first = ask(a), second = ask(a), third = ask(a);
  EXPECT_EQ(first->times, 0) << "nobody is made to wait on the caller's thread";
  EXPECT_EQ(house_->try_lease(a), nullptr);
  work();
  EXPECT_EQ(loads_[a], 1);
  EXPECT_EQ(first->lease.get(), third->lease.get());
  EXPECT_EQ(second->times, 1);
  EXPECT_EQ(ask(a)->times, 1) << "at once";
  EXPECT_EQ(loads_[b], 0);
}

TEST_F(ModelHouseTest, AnIdleModelGoesAfterItsTime) {
  touch(a);
  pass(299s);
  EXPECT_TRUE(loaded(a));
  touch(a);  // the time begins anew
  pass(299s);
  EXPECT_TRUE(loaded(a));
  pass(1s);
  EXPECT_EQ(state(a), ModelState::Unloaded);
  EXPECT_EQ(engines_, 1) << "only the main one is left";
  EXPECT_EQ(reasons_, std::vector{UnloadReason::KeepAlive});
  touch(a);
  EXPECT_EQ(loads_[a], 2);
}

TEST_F(ModelHouseTest, LookingAtAModelDoesNotKeepIt) {
  touch(a);
  pass(200s);
  EXPECT_TRUE(house_->look()[a].stats.has_value());
  pass(100s);
  EXPECT_EQ(state(a), ModelState::Unloaded);
  EXPECT_FALSE(house_->look()[a].stats.has_value());
  EXPECT_TRUE(house_->look()[a].card.has_value()) << "what it is stays known";
}

TEST_F(ModelHouseTest, WhoIsHeldStays) {
  const auto held = ask(a);
  work();
  pass(10'000s);
  EXPECT_TRUE(loaded(a));
  held->lease.reset();
  pass(299s);
  EXPECT_TRUE(loaded(a));
  pass(1s);
  EXPECT_FALSE(loaded(a));
}

TEST_F(ModelHouseTest, KeepAliveOfZeroAndOfEver) {
  use({.keep_alive = 0s});
  const auto held = ask(a);
  work();
  EXPECT_TRUE(loaded(a));
  held->lease.reset();
  work();
  EXPECT_FALSE(loaded(a));
  use({.keep_alive = -1s});
  touch(a);
  pass(1'000'000s);
  EXPECT_TRUE(loaded(a));
}

TEST_F(ModelHouseTest, PinnedModelsStay) {
  use({.keep_alive = 0s, .memory_bytes = 30}, true);
  touch(a);
  pass(1000s);
  EXPECT_TRUE(loaded(a));
  EXPECT_EQ(unload(a)->error.code, ErrorCode::InvalidArgument);
  EXPECT_EQ(unload(main_model)->error.code, ErrorCode::InvalidArgument);
  touch(b);
  touch(c);
  EXPECT_TRUE(loaded(a) && loaded(main_model));
}

TEST_F(ModelHouseTest, TheRoomOfPinnedModelsIsTheirsBeforeTheyAreLoaded) {
  use({.memory_bytes = 20}, true);
  const auto refused = ask(b);
  work();
  EXPECT_EQ(refused->error.code, ErrorCode::Unavailable);
  touch(a);
}

TEST_F(ModelHouseTest, TheModelUnusedForLongestGivesWay) {
  use({.memory_bytes = 30});
  touch(a);
  pass(1s);
  touch(b);
  pass(1s);
  touch(a);  // b is now the older one
  touch(c);
  EXPECT_TRUE(loaded(a) && loaded(c));
  EXPECT_FALSE(loaded(b));
  touch(b);
  EXPECT_FALSE(loaded(a));
  EXPECT_EQ(reasons_, (std::vector{UnloadReason::Memory, UnloadReason::Memory}));
}

TEST_F(ModelHouseTest, BusyModelsAreNeverUnloadedForOthers) {
  use({.memory_bytes = 30});
  const auto first = ask(a), second = ask(b);
  work();
  const auto third = ask(c);
  work();
  EXPECT_EQ(third->error.code, ErrorCode::Unavailable);
  EXPECT_GT(third->error.retry_after_seconds, 0);
  EXPECT_THAT(third->error.message, HasSubstr("a (answering), b (answering)"));
  EXPECT_TRUE(loaded(a) && loaded(b));
  EXPECT_EQ(loads_[c], 0);
  second->lease.reset();
  touch(c);
  EXPECT_TRUE(loaded(a));
  EXPECT_FALSE(loaded(b));
}

TEST_F(ModelHouseTest, NobodyIsUnloadedInVain) {
  need_of_c_ = 20;
  use({.memory_bytes = 35});
  touch(a);
  const auto held = ask(b);
  work();
  const auto refused = ask(c);  // 35 less the main one and b is 15, even without a
  work();
  EXPECT_EQ(refused->error.code, ErrorCode::Unavailable);
  EXPECT_TRUE(loaded(a));
}

TEST_F(ModelHouseTest, WithoutABudgetTheMachineDecides) {
  available_ = 15;
  during_load_ = [this] { available_ -= 10; };
  touch(a);
  touch(b);  // 5 are left and 10 are needed: a goes
  EXPECT_TRUE(loaded(b));
  EXPECT_FALSE(loaded(a));
  const auto held = ask(b);
  const auto refused = ask(c);
  work();
  EXPECT_THAT(refused->error.message, HasSubstr("the model c needs about 1 MiB"));
  EXPECT_TRUE(loaded(b));
}

TEST_F(ModelHouseTest, AFailedLoadIsRememberedForAWhile) {
  fails_ = true;
  const auto first = ask(a), second = ask(a);
  work();
  EXPECT_EQ(loads_[a], 1);
  for (const auto& heard : {first, second}) {
    EXPECT_EQ(heard->error.code, ErrorCode::Unavailable);
    EXPECT_THAT(heard->error.message, HasSubstr("tensor 7 is cut short"));
  }
  EXPECT_TRUE(house_->look()[a].failed);
  pass(8s);
  const auto soon = ask(a);
  EXPECT_EQ(soon->times, 1);
  EXPECT_EQ(soon->error.retry_after_seconds, 2);
  work();
  EXPECT_EQ(loads_[a], 1) << "no tight loop";
  fails_ = false;
  pass(2s);
  EXPECT_FALSE(house_->look()[a].failed);
  touch(a);
  EXPECT_EQ(loads_[a], 2);
}

TEST_F(ModelHouseTest, ALoadThatThrowsIsAFailure) {
  during_load_ = [] { throw std::bad_alloc(); };
  const auto heard = ask(a);
  work();
  EXPECT_THAT(heard->error.message, HasSubstr("not enough memory"));
}

TEST_F(ModelHouseTest, UnloadingWaitsForTheRunningRequest) {
  const auto held = ask(a);
  work();
  const auto gone = unload(a);
  work();
  EXPECT_EQ(state(a), ModelState::Draining);
  EXPECT_EQ(gone->times, 0);
  EXPECT_EQ(held->lease->info().name, "fake-model") << "the lease outlives the request to unload";
  const auto next = ask(a);  // takes no new ones: this waits for the next load
  work();
  EXPECT_EQ(next->times, 0);
  held->lease.reset();
  work();
  EXPECT_EQ(gone->times, 1);
  EXPECT_EQ(gone->error.message, "");
  EXPECT_EQ(loads_[a], 2);
  EXPECT_NE(next->lease, nullptr);
  EXPECT_EQ(reasons_, std::vector{UnloadReason::Request});
}

TEST_F(ModelHouseTest, UnloadingWhatIsNotLoadedIsDone) {
  EXPECT_EQ(unload(a)->times, 1);
  EXPECT_EQ(unload(a)->error.message, "");
}

TEST_F(ModelHouseTest, UnloadingWhileItLoads) {
  std::shared_ptr<Heard> gone;
  during_load_ = [&] { gone = unload(a); };
  const auto asked = ask(a);
  work();
  during_load_ = nullptr;
  ASSERT_NE(asked->lease, nullptr) << "whoever asked before is served";
  EXPECT_EQ(state(a), ModelState::Draining);
  EXPECT_EQ(gone->times, 0);
  asked->lease.reset();
  work();
  EXPECT_EQ(gone->times, 1);
  EXPECT_EQ(engines_, 1);
}

TEST_F(ModelHouseTest, UnloadingWhatWaitsToBeLoadedAndThenIsNot) {
  std::stop_source leaves;
  const auto asked = ask(a, {.cancel = leaves.get_token()});
  const auto gone = unload(a);
  EXPECT_EQ(gone->times, 0);
  leaves.request_stop();
  work();
  EXPECT_EQ(gone->times, 1);
  EXPECT_EQ(loads_[a], 0);
}

TEST_F(ModelHouseTest, WhoLeavesWhileWaitingTakesNothing) {
  std::stop_source leaves;
  const auto asked = ask(a, {.cancel = leaves.get_token()});
  leaves.request_stop();
  work();
  EXPECT_EQ(asked->error.code, ErrorCode::Cancelled);
  EXPECT_EQ(loads_[a], 0) << "nobody wants it any more";

  const auto gone_before = ask(a, {.cancel = leaves.get_token()});
  work();
  EXPECT_EQ(gone_before->error.code, ErrorCode::Cancelled);

  std::stop_source during;
  during_load_ = [&] { during.request_stop(); };
  const auto late = ask(a, {.cancel = during.get_token()});
  work();
  EXPECT_EQ(late->times, 1);
  EXPECT_EQ(late->error.code, ErrorCode::Cancelled);
  EXPECT_EQ(house_->look()[a].leases_count, 0u);
  pass(300s);
  EXPECT_EQ(engines_, 1) << "no lease was left behind";
}

TEST_F(ModelHouseTest, WaitingHasAnEnd) {
  const auto asked = ask(a);
  now_ += 119s;
  house_->clerk_step();
  EXPECT_EQ(asked->times, 0);
  now_ += 1s;
  house_->clerk_step();
  EXPECT_EQ(asked->error.code, ErrorCode::Unavailable);
  EXPECT_EQ(asked->times, 1);

  const auto held = ask(b);
  work();
  const auto gone = unload(b);
  pass(120s);
  EXPECT_THAT(gone->error.message, HasSubstr("still answers 1 requests"));
  held->lease.reset();
  work();
  EXPECT_FALSE(loaded(b)) << "it goes all the same";
}

TEST_F(ModelHouseTest, WaitersAreBounded) {
  use({.waits_max = 2, .wait_bytes_max = 100});
  const auto first = ask(a, {.bytes = 60});
  EXPECT_EQ(ask(b, {.bytes = 41})->error.code, ErrorCode::Busy);
  const auto second = ask(b, {.bytes = 40});
  EXPECT_EQ(ask(c)->error.code, ErrorCode::Busy);
  work();
  EXPECT_TRUE(first->lease && second->lease);
  const auto third = ask(c, {.bytes = 100});  // whoever was served counts no more
  work();
  EXPECT_NE(third->lease, nullptr);
  const auto huge = ask(c, {.bytes = 1'000'000});
  EXPECT_NE(huge->lease, nullptr) << "who does not wait keeps nothing";
}

TEST_F(ModelHouseTest, WhoWaitsLongestIsServedFirst) {
  const auto asked = {ask(c), ask(a), ask(b), ask(c)};
  work();
  EXPECT_EQ(order_, (std::vector<std::size_t>{c, a, b}));
  for (const auto& heard : asked) EXPECT_NE(heard->lease, nullptr);
}

TEST_F(ModelHouseTest, DrainingAnswersAllWhoWait) {
  const auto held = ask(a);
  work();
  const auto waiting = ask(b);
  house_->drain();
  work();
  EXPECT_EQ(waiting->error.code, ErrorCode::Unavailable);
  EXPECT_EQ(loads_[b], 0);
  EXPECT_EQ(ask(a)->error.code, ErrorCode::Unavailable);
  EXPECT_EQ(house_->try_lease(a), nullptr);
  EXPECT_EQ(held->lease->info().name, "fake-model");
  house_->close();
  EXPECT_EQ(engines_, 0);
}

TEST_F(ModelHouseTest, DrainingWhileOneLoads) {
  during_load_ = [this] { house_->drain(); };
  const auto waiting = ask(a);
  work();
  EXPECT_EQ(waiting->times, 1);
  EXPECT_EQ(waiting->error.code, ErrorCode::Unavailable);
  house_->close();
  EXPECT_EQ(engines_, 0);
}

TEST_F(ModelHouseTest, ALeaseMayEndAfterTheHouseIsClosed) {
  auto held = ask(a);
  work();
  house_->close();
  held->lease.reset();
  EXPECT_EQ(engines_, 0);
}

TEST_F(ModelHouseTest, ThePinnedAreLoadedAtTheStart) {
  use({}, true);
  EXPECT_FALSE(house_->ready());
  house_->start();
  const auto limit = Clock::now() + 20s;
  while (!house_->ready() && Clock::now() < limit) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(house_->ready());
  house_->close();
  EXPECT_EQ(order_, std::vector{a}) << "the main one was there, the others nobody asked for";
}

TEST(CheckModels, NamesAndBudget) {
  const auto check = [](std::vector<ModelSource> models, std::uint64_t bytes) {
    const Result<void> result = check_models(models, bytes);
    return result ? std::string() : result.error().message;
  };
  const std::uint64_t MiB = limits::MiB;
  const ModelSource one{.name = "one", .need_bytes = 10 * MiB};
  const ModelSource two{.name = "two", .need_bytes = 20 * MiB};
  const ModelSource pinned{.name = "three", .pinned = true, .need_bytes = 5 * MiB};
  EXPECT_EQ(check({one, two, pinned}, 0), "");
  EXPECT_EQ(check({one, two, pinned}, 35 * MiB), "");
  EXPECT_THAT(check({one, two, pinned}, 34 * MiB), HasSubstr("two beside the pinned ones"));
  EXPECT_THAT(check({one, pinned}, 14 * MiB), HasSubstr("15 MiB and the budget is 14 MiB"));
  EXPECT_THAT(check({one, two, one}, 0), HasSubstr("one"));
}

TEST(ModelHouseStorm, NothingIsLostAndNothingIsLeft) {
  std::atomic<int> engines{0};
  std::atomic<int> heard{0}, served{0};
  int asked = 0;
  {
    std::vector<ModelSource> models;
    for (const char* name : {"main", "a", "b", "c"}) {
      models.push_back({.name = name, .need_bytes = 10});
      models.back().load = [&engines]() -> Result<std::unique_ptr<TextEngine>> {
        return std::make_unique<CountedEngine>(engines);
      };
    }
    ModelHouseOptions options;
    options.keep_alive = 0s;
    options.memory_bytes = 30;  // the main one and two of three
    ModelHouse house(std::move(models), std::move(options));
    house.start();
    constexpr int people = 4, requests = 200;
    asked = people * requests;
    std::vector<std::thread> threads;
    for (int person = 0; person < people; ++person)
      threads.emplace_back([&, person] {
        std::minstd_rand random(static_cast<unsigned>(person) + 1);
        for (int i = 0; i < requests; ++i) {
          const std::size_t model = random() % 4;
          std::stop_source leaves;
          const auto told = std::make_shared<std::atomic<bool>>(false);
          const ModelSink sink = [&, told](const Result<ModelLease>& lease) {
            if (lease && *lease != nullptr) served += (*lease)->context() == 256 ? 1 : 0;
            ++heard;
            *told = true;
          };
          if (random() % 8 == 0)
            house.unload(model, {.cancel = leaves.get_token()}, sink);
          else
            house.lease(model, {.cancel = leaves.get_token()}, sink);
          if (random() % 3 == 0) leaves.request_stop();
          if (random() % 5 == 0) static_cast<void>(house.look());
          while (i % 4 != 0 && !*told) std::this_thread::yield();
        }
      });
    for (std::thread& thread : threads) thread.join();
    house.drain();
    house.close();
    EXPECT_EQ(heard, asked) << "everybody hears exactly once";
    EXPECT_GT(served, 0);
  }
  EXPECT_EQ(engines, 0);
}

TEST(ModelHouseThreads, TimeAndMemoryAreKeptWithoutAnybodyAsking) {
  std::atomic<int> engines{0};
  std::vector<ModelSource> models = {{.name = "main"}, {.name = "a"}};
  for (ModelSource& model : models)
    model.load = [&engines]() -> Result<std::unique_ptr<TextEngine>> {
      return std::make_unique<CountedEngine>(engines);
    };
  ModelHouseOptions options;
  options.keep_alive = 1s;
  ModelHouse house(std::move(models), std::move(options));
  house.start();
  std::atomic<bool> done{false};
  house.lease(1, {}, [&](const Result<ModelLease>&) { done = true; });
  while (!done) std::this_thread::sleep_for(1ms);
  const auto limit = Clock::now() + 20s;
  while (house.loaded(1) && Clock::now() < limit) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(house.loaded(1));
  EXPECT_TRUE(house.loaded(0));
  house.close();
  EXPECT_EQ(engines, 0);
}

}  // namespace
}  // namespace croft

// Goal: exactly one attempt answers and exactly one end is heard, whatever upstreams do: retries,
// the next in order, a hedge, breakers, limits, a failure in mid-stream, a caller who leaves.
// Method: attempts that do as the test says, and a virtual clock.
#include "router/providers/cloud_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace croft {
namespace {

using namespace std::chrono_literals;
using dialects::AnswerEvent;
using dialects::Failed;
using dialects::FailureCause;
using dialects::Finished;
using dialects::Started;
using dialects::TextDelta;
using dialects::Usage;
using testing::HasSubstr;

class CloudCallTest : public testing::Test {
 protected:
  struct Script final : Attempt {
    std::size_t target = 0;
    AttemptSink sink;
    bool cancelled = false;
    void cancel() override { cancelled = true; }
  };

  CloudTarget target(const std::string& name, std::size_t retries = 0,
                     std::chrono::milliseconds hedge = 0ms) {
    UpstreamConfig config;
    config.name = name;
    config.url = "http://127.0.0.1:1";
    config.retries = retries;
    config.hedge = hedge;
    config.concurrency_max = 3;
    config.breaker_failures = 2;
    config.breaker_cool_down = 10s;
    return {.name = name, .upstream = std::make_shared<Upstream>(config, ""), .model = 0};
  }

  void start(std::vector<CloudTarget> targets) {
    CloudWorld world;
    world.now = [this] { return now_; };
    world.after = [this](std::chrono::milliseconds delay, std::function<void()> task) {
      tasks_.emplace(now_ + delay, std::move(task));
    };
    world.begin = [this](const CloudTarget& target, AttemptSink sink) {
      auto script = std::make_shared<Script>();
      script->sink = std::move(sink);
      asked_.push_back(target.name);
      scripts_.push_back(script);
      return script;
    };
    call_ =
        std::make_shared<CloudCall>(std::move(world), CloudOptions{.seed = 1}, std::move(targets),
                                    [this](const CloudTarget& target, AnswerEvent event) {
                                      if (const auto* delta = std::get_if<TextDelta>(&event))
                                        text_ += delta->text;
                                      if (std::holds_alternative<Finished>(event)) ++ends_;
                                      if (const auto* failed = std::get_if<Failed>(&event)) {
                                        ++ends_;
                                        error_ = failed->error;
                                      }
                                      answered_by_ = target.name;
                                    });
    call_->start();
  }

  void pass(std::chrono::milliseconds time) {
    const auto until = now_ + time;
    while (!tasks_.empty() && tasks_.begin()->first <= until) {
      now_ = tasks_.begin()->first;
      const auto task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
      task();
    }
    now_ = until;
  }
  void say(std::size_t attempt, AnswerEvent event) { scripts_.at(attempt)->sink(std::move(event)); }
  void answer(std::size_t attempt, const std::string& text) {
    say(attempt, Started{.id = "1", .model = "m"});
    say(attempt, TextDelta{.text = text});
    say(attempt, Finished{});
  }
  static Failed failure(bool retryable, std::optional<std::chrono::milliseconds> after = {}) {
    Failed failed;
    failed.error = {.code = ErrorCode::Upstream, .message = "broken", .hint = {}, .field = {}};
    failed.cause = FailureCause::Server;
    failed.retryable = retryable;
    failed.retry_after = after;
    return failed;
  }

  Upstream::Time now_{1h};
  std::multimap<Upstream::Time, std::function<void()>> tasks_;
  std::vector<std::string> asked_;
  std::vector<std::shared_ptr<Script>> scripts_;
  std::shared_ptr<CloudCall> call_;
  std::string text_;
  std::string answered_by_;
  std::optional<Error> error_;
  int ends_ = 0;
};

TEST_F(CloudCallTest, TheFirstThatTakesItAnswers) {
  start({target("a"), target("b")});
  answer(0, "hello");
  EXPECT_EQ(text_, "hello");
  EXPECT_EQ(answered_by_, "a");
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(asked_, std::vector<std::string>{"a"});
  EXPECT_TRUE(call_->notes().at(0).won);
}

TEST_F(CloudCallTest, WhoIsLeftHasToldWhatThePromptWas) {
  start({target("a")});
  say(0, Started{.id = "1", .model = "m", .usage = {.prompt_tokens = 7}});
  say(0, TextDelta{.text = "hello"});
  call_->cancel();
  EXPECT_EQ(call_->notes().at(0).usage.prompt_tokens, 7);
  EXPECT_FALSE(call_->notes().at(0).has_usage);
  EXPECT_TRUE(call_->notes().at(0).cancelled);
}

TEST_F(CloudCallTest, RetriesWithGrowingPausesThenTheNext) {
  start({target("a", 2), target("b")});
  say(0, failure(true));
  EXPECT_EQ(asked_.size(), 1u) << "not at once";
  pass(250ms);
  say(1, failure(true));
  pass(500ms);
  say(2, failure(true));
  EXPECT_EQ(asked_, (std::vector<std::string>{"a", "a", "a", "b"}));
  answer(3, "from b");
  EXPECT_EQ(text_, "from b");
  EXPECT_EQ(ends_, 1);
}

TEST_F(CloudCallTest, WhatCannotHelpIsNotRetried) {
  start({target("a", 5), target("b", 5)});
  say(0, failure(false));
  EXPECT_EQ(asked_, (std::vector<std::string>{"a", "b"}));
  say(1, failure(false));
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(error_->message, "broken");
}

TEST_F(CloudCallTest, AWishedPauseIsKeptAndALongOneMeansTheNext) {
  start({target("a", 1), target("b")});
  say(0, failure(true, 2s));
  pass(1999ms);
  EXPECT_EQ(asked_.size(), 1u);
  pass(1ms);
  EXPECT_EQ(asked_.size(), 2u);
  say(1, failure(true, 1h));
  EXPECT_EQ(asked_.back(), "b");
}

TEST_F(CloudCallTest, NothingOfAFailedAttemptIsHeard) {
  start({target("a"), target("b")});
  say(0, Started{.id = "1", .model = "m"});
  say(0, Usage{.prompt_tokens = 5});
  say(0, failure(true));
  answer(1, "b");
  EXPECT_EQ(text_, "b");
  EXPECT_EQ(call_->notes().at(0).usage.prompt_tokens, 5) << "it is counted all the same";
}

TEST_F(CloudCallTest, AfterTheFirstContentAFailureIsTheEnd) {
  start({target("a", 3), target("b")});
  say(0, TextDelta{.text = "half"});
  say(0, failure(true));
  pass(1h);
  EXPECT_EQ(asked_.size(), 1u);
  EXPECT_EQ(text_, "half");
  EXPECT_EQ(ends_, 1);
  EXPECT_TRUE(error_);
}

TEST_F(CloudCallTest, ASlowOneIsHedgedAndTheLoserCancelled) {
  start({target("a", 0, 100ms), target("b")});
  pass(99ms);
  EXPECT_EQ(asked_.size(), 1u);
  pass(1ms);
  EXPECT_EQ(asked_, (std::vector<std::string>{"a", "b"}));
  answer(1, "b");
  EXPECT_TRUE(scripts_[0]->cancelled);
  say(0, TextDelta{.text = "late"});
  EXPECT_EQ(text_, "b");
  EXPECT_EQ(ends_, 1);
  EXPECT_TRUE(call_->notes().at(0).cancelled);
}

TEST_F(CloudCallTest, AHedgeGoesToTheSameWhereThereIsNoOther) {
  start({target("a", 0, 100ms)});
  pass(100ms);
  EXPECT_EQ(asked_, (std::vector<std::string>{"a", "a"}));
  say(0, failure(false));
  EXPECT_EQ(ends_, 0) << "the other is under way";
  answer(1, "ok");
  EXPECT_EQ(ends_, 1);
}

TEST_F(CloudCallTest, WhoIsLeftAloneIsPassedOver) {
  CloudTarget broken = target("a");
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(broken.upstream->try_begin(now_), UpstreamGate::Passes);
    broken.upstream->failed(now_);
  }
  start({broken, target("b")});
  EXPECT_EQ(asked_, std::vector<std::string>{"b"});
  EXPECT_THAT(call_->notes().at(0).skipped, HasSubstr("failed lately"));
  answer(0, "b");
  EXPECT_EQ(text_, "b");
}

TEST_F(CloudCallTest, WhereNobodyCanBeAskedTheErrorSaysWhen) {
  CloudTarget broken = target("a");
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(broken.upstream->try_begin(now_), UpstreamGate::Passes);
    broken.upstream->failed(now_);
  }
  start({broken});
  ASSERT_EQ(ends_, 1);
  EXPECT_EQ(error_->code, ErrorCode::Unavailable);
  EXPECT_EQ(error_->retry_after_seconds, 10);
}

TEST_F(CloudCallTest, AFullUpstreamIsPassedOver) {
  CloudTarget full = target("a");
  for (int i = 0; i < 3; ++i) ASSERT_EQ(full.upstream->try_begin(now_), UpstreamGate::Passes);
  start({full, target("b")});
  EXPECT_EQ(asked_, std::vector<std::string>{"b"});
}

TEST_F(CloudCallTest, ACallerWhoLeavesEndsEverything) {
  start({target("a", 3, 50ms), target("b")});
  pass(50ms);
  call_->cancel();
  EXPECT_TRUE(scripts_[0]->cancelled);
  EXPECT_TRUE(scripts_[1]->cancelled);
  say(0, TextDelta{.text = "x"});
  pass(1h);
  EXPECT_EQ(ends_, 0);
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(CloudCallTest, LeavingDuringAPauseEndsItToo) {
  start({target("a", 3)});
  say(0, failure(true));
  call_->cancel();
  pass(1h);
  EXPECT_EQ(asked_.size(), 1u);
  EXPECT_EQ(ends_, 0);
}

}  // namespace
}  // namespace croft

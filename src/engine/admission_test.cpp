// Goal: who joins a queue is told the truth about its wait; one tenant's crowd is nobody else's
// queue. Method: queues written down by hand.
#include "engine/admission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace croft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr Admission::Time start{};

TEST(Admission, FreePlacesMeanNoWait) {
  Admission admission({});
  admission.reset(2, 1, 3.0);
  EXPECT_EQ(admission.expected_wait("a", Priority::Interactive), 0.0);
  admission.waits("a", Priority::Interactive);
  EXPECT_EQ(admission.expected_wait("a", Priority::Interactive), 0.0);
  EXPECT_EQ(admission.expected_wait("a", Priority::Batch), 3.0);
  admission.waits("a", Priority::Interactive);
  EXPECT_EQ(admission.expected_wait("a", Priority::Interactive), 3.0);
}

TEST(Admission, ATenantsCrowdIsItsOwnQueue) {
  Admission admission({.requests_max = 1000, .wait_max = milliseconds(10'000)});
  admission.reset(0, 0, 1.0);
  admission.waits("crowd", Priority::Interactive, 50);
  EXPECT_EQ(admission.expected_wait("crowd", Priority::Interactive), 51.0);
  // One of the crowd's may be before it: they take turns.
  EXPECT_EQ(admission.expected_wait("single", Priority::Interactive), 2.0);
  EXPECT_TRUE(admission.check("single", Priority::Interactive, {}, start).has_value());
  EXPECT_TRUE(admission.check("crowd", Priority::Interactive, {}, start).has_value()) << "a burst";
  const auto refused = admission.check("crowd", Priority::Interactive, {}, start + seconds(1));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::Busy);
  EXPECT_EQ(refused.error().retry_after_seconds, 41) << "until the queue is ten seconds long";
}

TEST(Admission, BatchWaitsBehindInteractiveAsLongAsItTakes) {
  Admission admission({.requests_max = 1000, .wait_max = milliseconds(1'000)});
  admission.reset(0, 0, 1.0);
  admission.waits("a", Priority::Interactive, 20);
  admission.waits("b", Priority::Batch, 5);
  EXPECT_EQ(admission.expected_wait("b", Priority::Batch), 26.0);
  EXPECT_TRUE(admission.check("b", Priority::Batch, {}, start).has_value());
  EXPECT_TRUE(admission.check("a", Priority::Interactive, {}, start).has_value());
  EXPECT_FALSE(admission.check("a", Priority::Interactive, {}, start + seconds(1)).has_value());
}

TEST(Admission, ADeadlineTheQueueCannotMeetIsRefusedAtOnce) {
  Admission admission({});
  admission.reset(0, 0, 1.0);
  admission.waits("a", Priority::Interactive, 3);
  EXPECT_TRUE(
      admission.check("a", Priority::Interactive, start + milliseconds(4500), start).has_value());
  const auto refused =
      admission.check("a", Priority::Interactive, start + milliseconds(1500), start);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().retry_after_seconds, 3);
  EXPECT_NE(refused.error().message.find("4.0 s"), std::string::npos) << refused.error().message;
}

TEST(Admission, WhoAsksForTooMuchKeepsAShortQueueUntilCalm) {
  Admission admission({.requests_max = 1000, .wait_max = milliseconds(2'000)});
  admission.reset(0, 0, 0.1);
  const auto is_accepted = [&](const char* tenant, Admission::Time now) {
    const bool accepted = admission.check(tenant, Priority::Interactive, {}, now).has_value();
    if (accepted) admission.waits(tenant, Priority::Interactive);
    return accepted;
  };
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(is_accepted("crowd", start)) << "all at once: a burst";
  EXPECT_FALSE(is_accepted("crowd", start + seconds(1))) << "its queue stands";
  // From here on, what is accepted begins within a quarter of a second.
  admission.reset(0, 0, 0.1);
  std::size_t short_queue = 0;
  while (is_accepted("crowd", start + seconds(4))) ++short_queue;
  EXPECT_EQ(short_queue, 2u);
  EXPECT_TRUE(is_accepted("other", start + seconds(4)));
  admission.reset(0, 0, 0.1);
  admission.waits("crowd", Priority::Interactive, 10);
  EXPECT_FALSE(is_accepted("crowd", start + milliseconds(8'900))) << "it was refused at 4 s";
  EXPECT_TRUE(is_accepted("crowd", start + milliseconds(13'900)));
}

TEST(Admission, WhoIsRefusedIsToldATurnOfItsOwn) {
  Admission admission({.requests_max = 1000, .wait_max = milliseconds(2'000)});
  admission.reset(0, 0, 0.5);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(admission.check("crowd", Priority::Interactive, {}, start).has_value());
    admission.waits("crowd", Priority::Interactive);
  }
  std::vector<int> told;
  for (int i = 0; i < 100; ++i)
    told.push_back(admission.check("crowd", Priority::Interactive, {}, start + seconds(1))
                       .error()
                       .retry_after_seconds);
  EXPECT_EQ(told[0], 4) << "5.5 s less the two that it may wait";
  EXPECT_EQ(told[1], 6) << "now it may wait a quarter of a second";
  EXPECT_EQ(told[5], 8) << "and there are others before it";
  EXPECT_LE(told[99], 36) << "but not all of them come again";
  EXPECT_TRUE(std::ranges::is_sorted(told));
}

TEST(Admission, WhoFillsTheQueueFindsItFull) {
  Admission admission({.requests_max = 10});
  admission.reset(0, 0, 0.0);
  admission.waits("crowd", Priority::Interactive, 10);
  EXPECT_FALSE(admission.check("crowd", Priority::Interactive, {}, start).has_value());
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(admission.check("other", Priority::Interactive, {}, start).has_value()) << i;
    admission.waits("other", Priority::Interactive);
  }
  EXPECT_FALSE(admission.check("other", Priority::Interactive, {}, start).has_value());
  admission.waits("third", Priority::Interactive, 5);
  EXPECT_FALSE(admission.check("fourth", Priority::Interactive, {}, start).has_value())
      << "twice its length";
}

}  // namespace
}  // namespace croft

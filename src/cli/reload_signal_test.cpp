// Goal: SIGHUP reaches the callback and ends nothing. Method: the process signals itself.
#include "cli/reload_signal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <future>

namespace croft::cli {
namespace {

TEST(ReloadSignal, CallsBackAndEndsNothing) {
  std::promise<void> called;
  const ReloadSignal reload([&] { called.set_value(); });
  ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
  EXPECT_EQ(called.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

}  // namespace
}  // namespace croft::cli

// Goal: a server can hold as many connections as the administrator allows, not the usual 1024.
// Method: lower the soft limit of this process, raise it again, ask the system what holds.
#include "base/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace croft {
namespace {

TEST(OpenFiles, TheSoftLimitBecomesTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max <= 64) GTEST_SKIP() << "the hard limit is " << before.rlim_max;
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  const std::size_t said = raise_open_files_limit();
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_EQ(after.rlim_max, before.rlim_max);
  EXPECT_GE(said, after.rlim_cur == RLIM_INFINITY ? 1'000'000 : after.rlim_cur);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace croft

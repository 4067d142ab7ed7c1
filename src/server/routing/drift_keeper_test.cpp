// Goal: drift watches reach the disk: an alarm at once, the rest in time and at the end; an alarm
// on disk is never replaced by none. Method: real files, a keeper that would otherwise wait an
// hour.
#include "server/routing/drift_keeper.h"

#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace croft {
namespace {

using namespace std::chrono_literals;

constexpr DriftOptions options{.max_worse = 0.1, .delta = 0.05};

class DriftKeeperTest : public ::testing::Test {
 protected:
  std::shared_ptr<DriftWatch> make_watch(const std::string& route) {
    return std::make_shared<DriftWatch>(
        DriftWatch{.monitor = DriftMonitor::create(options).value(),
                   .owner = {.route = route, .calibration_digest = "d"},
                   .file = drift_file_path(folder_.path() / "c.json", route)});
  }
  /// As it lies on disk; zero updates where nothing lies there.
  static DriftState kept(const DriftWatch& watch) {
    const auto read = load_drift_file(watch.file, watch.owner, options);
    EXPECT_TRUE(read) << read.error().to_string();
    return read && *read ? (*read)->state() : DriftState{};
  }
  static bool becomes(const std::function<bool()>& condition) {
    for (int i = 0; i < 6000 && !condition(); ++i) std::this_thread::sleep_for(5ms);
    return condition();
  }
  static void raise_alarm(DriftWatch& watch) {
    while (!watch.monitor.state().alarmed) ASSERT_TRUE(watch.monitor.update(1.0).has_value());
  }

  TestFolder folder_;
};

TEST_F(DriftKeeperTest, AnAlarmIsWrittenAtOnceAndTheRestInTime) {
  DriftKeeper keeper(1h);
  const auto calm = make_watch("calm");
  const auto other = make_watch("other");
  ASSERT_TRUE(calm->monitor.update(0.0).has_value());
  keeper.changed(calm);
  ASSERT_TRUE(becomes([&] { return kept(*calm).updates == 1; })) << "the first needs no waiting";
  ASSERT_TRUE(calm->monitor.update(0.0).has_value());
  keeper.changed(calm);
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(kept(*calm).updates, 1U) << "the next waits";
  raise_alarm(*other);
  keeper.changed(other);
  EXPECT_TRUE(becomes([&] { return kept(*other).alarmed; }));
  ASSERT_TRUE(calm->monitor.update(0.0).has_value());
  keeper.changed(calm);
  keeper.close();
  EXPECT_EQ(kept(*calm).updates, 3U) << "the end writes what is left";
  keeper.changed(calm);  // too late, and no harm
}

TEST_F(DriftKeeperTest, AnAlarmIsNeverTakenBack) {
  const auto first = make_watch("r");
  raise_alarm(*first);
  {
    DriftKeeper keeper;
    keeper.changed(first);
  }
  ASSERT_TRUE(kept(*first).alarmed);
  const auto second = make_watch("r");
  ASSERT_TRUE(second->monitor.update(0.0).has_value());
  {
    DriftKeeper keeper;
    keeper.changed(second);
  }
  EXPECT_TRUE(kept(*first).alarmed);
}

TEST_F(DriftKeeperTest, AFolderThatCannotBeWrittenEndsNothing) {
  const auto watch = make_watch("r");
  watch->file = folder_.path() / "absent" / "r.drift";
  raise_alarm(*watch);
  DriftKeeper keeper;
  keeper.changed(watch);
  keeper.close();
  EXPECT_TRUE(watch->monitor.state().alarmed);
  EXPECT_FALSE(std::filesystem::exists(watch->file));
}

}  // namespace
}  // namespace croft

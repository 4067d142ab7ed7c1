// Goal: a drift watch comes back from its file as it was; a file that is damaged or somebody else's
// is an error, one of an older calibration is none. Method: write, read, and damage one thing at a
// time.
#include "router/confidence/drift_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "io/atomic_file.h"
#include "io/test_folder.h"

namespace croft {
namespace {

using ::testing::HasSubstr;

const DriftOwner owner{.route = "croft/auto", .calibration_digest = std::string(64, 'a')};
constexpr DriftOptions options{.max_worse = 0.1, .delta = 0.05};

DriftMonitor alarmed_monitor() {
  DriftMonitor monitor = DriftMonitor::create(options).value();
  for (int i = 0; i < 200 && !monitor.state().alarmed; ++i)
    EXPECT_TRUE(monitor.update(1.0).has_value());
  EXPECT_TRUE(monitor.state().alarmed);
  return monitor;
}

TEST(DriftFile, AnAlarmComesBack) {
  const TestFolder folder;
  const auto file = drift_file_path(folder.path() / "auto.json", owner.route);
  EXPECT_FALSE(load_drift_file(file, owner, options)->has_value()) << "no file yet";
  const DriftMonitor monitor = alarmed_monitor();
  ASSERT_TRUE(write_file_atomically(file, drift_file_text(owner, monitor)));
  const auto read = load_drift_file(file, owner, options);
  ASSERT_TRUE(read) << read.error().to_string();
  ASSERT_TRUE(read->has_value());
  EXPECT_TRUE((*read)->state().alarmed);
  EXPECT_EQ((*read)->state().updates, monitor.state().updates);
  EXPECT_EQ((*read)->state_json(), monitor.state_json());
  const DriftOwner recalibrated{.route = owner.route, .calibration_digest = std::string(64, 'b')};
  EXPECT_FALSE(load_drift_file(file, recalibrated, options)->has_value());
}

TEST(DriftFile, EveryRouteHasItsOwnPlainName) {
  EXPECT_NE(drift_file_path("x/auto.json", "a/b"), drift_file_path("x/auto.json", "a-b"));
  const auto file = drift_file_path("x/auto.json", "../../ü\n");
  EXPECT_EQ(file.parent_path(), "x");
  EXPECT_TRUE(file.filename().string().starts_with("auto.json.")) << file;
  EXPECT_LT(drift_file_path("c", std::string(5000, 'r')).string().size(), 100U);
}

TEST(DriftFile, DamagedAndForeignFilesAreErrors) {
  const std::string good = drift_file_text(owner, DriftMonitor::create(options).value());
  const auto says = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto read = parse_drift_file(text, "f.drift", owner, options);
    if (read) return "taken: " + text;
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
    EXPECT_THAT(read.error().message, HasSubstr("f.drift"));
    return read.error().message;
  };
  ASSERT_TRUE(parse_drift_file(good, "f.drift", owner, options)->has_value());
  EXPECT_THAT(says("{", "["), HasSubstr("not valid JSON"));
  EXPECT_THAT(says("watch\": 1", "watch\": 2"), HasSubstr("another version"));
  EXPECT_THAT(says("\"route\"", "\"root\""), HasSubstr("lacks a member"));
  EXPECT_THAT(says("\"state\"", "\"status\""), HasSubstr("lacks a member"));
  EXPECT_THAT(says("croft/auto", "croft/other"), HasSubstr("another route's"));
  EXPECT_THAT(says("\"updates\":0", "\"updates\":-1"), HasSubstr("lacks a member"));
  EXPECT_THAT(says("\"max_worse\":1E-1", "\"max_worse\":2E-1"), HasSubstr("another promise"));
  for (std::size_t length = 0; length + 1 < good.size(); ++length)
    EXPECT_FALSE(parse_drift_file(good.substr(0, length), "f", owner, options)) << length;
  const TestFolder folder;
  std::ofstream(folder.path() / "long") << good << std::string(100'000, ' ');
  EXPECT_THAT(load_drift_file(folder.path() / "long", owner, options).error().message,
              HasSubstr("too long"));
  EXPECT_FALSE(load_drift_file(folder.path(), owner, options)) << "a folder is no file";
}

}  // namespace
}  // namespace croft

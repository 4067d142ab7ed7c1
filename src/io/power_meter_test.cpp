// Goal: power is what the system's counters say while engines compute, a counter that begins anew
// is no jump, and where nobody measures the method says so. Method: a made /sys.
#include "io/power_meter.h"

#include <gtest/gtest.h>

#include <fstream>

namespace croft {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class PowerMeterTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    sys_ = fs::temp_directory_path() / ("croft-power-" + std::string(info->name()));
    fs::remove_all(sys_);
    fs::create_directories(sys_);
  }
  void TearDown() override { fs::remove_all(sys_); }
  void put(const std::string& file, const std::string& text) {
    fs::create_directories((sys_ / file).parent_path());
    std::ofstream(sys_ / file) << text << "\n";
  }
  void package(int number, std::uint64_t energy) {
    const std::string zone = "class/powercap/intel-rapl:" + std::to_string(number);
    put(zone + "/name", "package-" + std::to_string(number));
    put(zone + "/max_energy_range_uj", "1000000000");
    put(zone + "/energy_uj", std::to_string(energy));
  }
  fs::path sys_;
  PowerMeter::Clock::time_point time_{};
};

TEST_F(PowerMeterTest, WithoutSensorsItIsAModelAndSaysSo) {
  PowerMeter meter({.sys = sys_, .model_watts = 42.0});
  meter.sample(0.0, time_);
  meter.sample(1.0, time_ + 1s);
  EXPECT_EQ(meter.power().watts, 42.0);
  EXPECT_EQ(power_method_name(meter.power().method), "model");
  EXPECT_GE(PowerMeter({.sys = sys_}).power().watts, watts_a_core);
}

TEST_F(PowerMeterTest, PackagesAddUpAndTheirPartsDoNot) {
  package(0, 0);
  package(1, 0);
  put("class/powercap/intel-rapl:0:0/name", "core");
  put("class/powercap/intel-rapl:0:0/max_energy_range_uj", "1000000000");
  put("class/powercap/intel-rapl:0:0/energy_uj", "0");
  PowerMeter meter({.sys = sys_});
  meter.sample(0.0, time_);
  EXPECT_EQ(meter.power().method, PowerMethod::Model) << "one look is no difference";
  package(0, 30'000'000);
  package(1, 10'000'000);
  put("class/powercap/intel-rapl:0:0/energy_uj", "20000000");
  meter.sample(2.0, time_ + 2s);
  EXPECT_EQ(meter.power().method, PowerMethod::Rapl);
  EXPECT_DOUBLE_EQ(meter.power().watts, 20.0);
}

TEST_F(PowerMeterTest, ACounterThatBeginsAnewIsNoJump) {
  package(0, 999'000'000);
  PowerMeter meter({.sys = sys_});
  meter.sample(0.0, time_);
  package(0, 9'000'000);
  meter.sample(1.0, time_ + 1s);
  EXPECT_DOUBLE_EQ(meter.power().watts, 10.0);
}

TEST_F(PowerMeterTest, WhatIsDrawnAtRestDoesNotCount) {
  package(0, 0);
  PowerMeter meter({.sys = sys_, .model_watts = 5.0});
  meter.sample(0.0, time_);
  package(0, 90'000'000);
  meter.sample(0.1, time_ + 1s);
  EXPECT_EQ(meter.power().method, PowerMethod::Model);
  package(0, 120'000'000);
  meter.sample(1.1, time_ + 2s);
  EXPECT_DOUBLE_EQ(meter.power().watts, 30.0);
}

TEST_F(PowerMeterTest, ASensorIsReadWhereThereAreNoCounters) {
  put("class/hwmon/hwmon0/name", "coretemp");
  put("class/hwmon/hwmon1/power1_average", "25500000");
  PowerMeter meter({.sys = sys_});
  meter.sample(0.0, time_);
  meter.sample(1.0, time_ + 1s);
  EXPECT_EQ(power_method_name(meter.power().method), "hwmon");
  EXPECT_DOUBLE_EQ(meter.power().watts, 25.5);
}

TEST_F(PowerMeterTest, ACounterThatCannotBeReadAnyMoreLeavesTheLastFigure) {
  package(0, 0);
  PowerMeter meter({.sys = sys_});
  meter.sample(0.0, time_);
  package(0, 10'000'000);
  meter.sample(1.0, time_ + 1s);
  put("class/powercap/intel-rapl:0/energy_uj", "gone");
  meter.sample(2.0, time_ + 2s);
  EXPECT_DOUBLE_EQ(meter.power().watts, 10.0);
  EXPECT_EQ(meter.power().method, PowerMethod::Rapl);
}

TEST_F(PowerMeterTest, MeasuringCanBeTurnedOff) {
  package(0, 0);
  PowerMeter meter({.sys = sys_, .model_watts = 7.0, .measure = false});
  meter.sample(0.0, time_);
  package(0, 10'000'000);
  meter.sample(1.0, time_ + 1s);
  EXPECT_EQ(meter.power().watts, 7.0);
}

}  // namespace
}  // namespace croft

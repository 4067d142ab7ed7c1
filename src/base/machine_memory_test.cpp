// Goal: the tightest limit counts. Method: made-up copies of /proc and the control groups, and the
// real ones.
#include "base/machine_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace croft {
namespace {

namespace fs = std::filesystem;

class MachineMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("memory-" + std::to_string(::getpid()));
    write("proc/meminfo", "MemTotal:       8000 kB\nMemFree:  100 kB\nMemAvailable:   5000 kB\n");
    write("proc/self/cgroup", "1:name=systemd:/old\n0::/system.slice/croft.service\n");
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  MachineMemory read() { return machine_memory(root_ / "proc", root_ / "groups"); }

  fs::path root_;
};

TEST_F(MachineMemoryTest, IsTheMachinesWithoutAGroup) {
  EXPECT_EQ(read().total, 8000u * 1024);
  EXPECT_EQ(read().available, 5000u * 1024);
}

TEST_F(MachineMemoryTest, IsWhatTheTightestGroupLeaves) {
  write("groups/system.slice/croft.service/memory.max", "max\n");
  write("groups/system.slice/memory.max", "3000000\n");
  write("groups/system.slice/memory.current", "2500000\n");
  write("groups/system.slice/memory.stat",
        "anon 500000\ninactive_file 1500000\nactive_file 500000\n");
  EXPECT_EQ(read().total, 3'000'000u);
  EXPECT_EQ(read().available, 2'500'000u);
}

TEST_F(MachineMemoryTest, NothingToReadIsNoLimit) {
  fs::remove_all(root_);
  EXPECT_GT(read().available, std::uint64_t{1} << 60);
}

TEST(MachineMemory, OfThisMachineIsPlausible) {
  const MachineMemory memory = machine_memory();
  EXPECT_GT(memory.available, 0u);
  EXPECT_LE(memory.available, memory.total);
  EXPECT_LT(memory.total, std::uint64_t{1} << 60);
}

}  // namespace
}  // namespace croft

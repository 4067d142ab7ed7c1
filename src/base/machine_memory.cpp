#include "base/machine_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace croft {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

/// The number after `key` in a file of "key number ..." lines.
std::optional<std::uint64_t> number_of(const fs::path& path, const std::string& key) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    std::uint64_t number = 0;
    if (word == key && file >> number) return number;
    file.clear();
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(const fs::path& path) {
  std::uint64_t number = 0;
  if (std::ifstream file(path); file >> number) return number;
  return std::nullopt;  // no such file, or the word "max"
}

/// The line "0::/path" names the group of version 2.
std::string group_of_process(const fs::path& proc) {
  std::ifstream file(proc / "self" / "cgroup");
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with("0::/")) return line.substr(4);
  return {};
}

void apply_limit(const fs::path& group, MachineMemory& memory) {
  const auto limit = number_in(group / "memory.max");
  if (!limit) return;
  memory.total = std::min(memory.total, *limit);
  const std::uint64_t used = number_in(group / "memory.current").value_or(0);
  // Pages of files count as used and are dropped when somebody needs them.
  const std::uint64_t files = number_of(group / "memory.stat", "inactive_file").value_or(0) +
                              number_of(group / "memory.stat", "active_file").value_or(0);
  const std::uint64_t held = used - std::min(used, files);
  memory.available = std::min(memory.available, *limit - std::min(*limit, held));
}

}  // namespace

MachineMemory machine_memory(const fs::path& proc, const fs::path& cgroups) {
  const auto kib = [&](const char* key) {
    const auto number = number_of(proc / "meminfo", key);
    return number ? *number * 1024 : no_limit;
  };
  MachineMemory memory{kib("MemTotal:"), kib("MemAvailable:")};
  fs::path group = cgroups / group_of_process(proc);
  for (;; group = group.parent_path()) {
    apply_limit(group, memory);
    if (group == cgroups || group == group.parent_path()) break;
  }
  memory.available = std::min(memory.available, memory.total);
  return memory;
}

MachineMemory machine_memory() {
  return machine_memory("/proc", "/sys/fs/cgroup");
}

}  // namespace croft

#pragma once
/// What memory this process may have: the machine's, or less where a control group (a container, a
/// service) has a limit.

#include <cstdint>
#include <filesystem>

namespace croft {

struct MachineMemory {
  std::uint64_t total = 0;      ///< bytes
  std::uint64_t available = 0;  ///< bytes: free, or files' pages that the system would drop
};

/// Reads /proc and the control groups (version 2) of this process, up to their root. Numbers that
/// cannot be read count as no limit.
[[nodiscard]] MachineMemory machine_memory();

/// The same from copies of the two file systems, for tests.
[[nodiscard]] MachineMemory machine_memory(const std::filesystem::path& proc,
                                           const std::filesystem::path& cgroups);

}  // namespace croft

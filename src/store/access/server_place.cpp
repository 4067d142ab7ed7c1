#include "store/access/server_place.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <vector>

namespace croft {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string pid_namespace() {
  std::array<char, 64> text{};
  const auto length = ::readlink("/proc/self/ns/pid", text.data(), text.size());
  return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string();
}

/// Field 22 of /proc/PID/stat, in ticks since the boot; empty where there is no such process, or a
/// dead one that nobody has waited for.
std::string start_of(std::string_view process) {
  const std::string stat = first_line("/proc/" + std::string(process) + "/stat");
  const std::size_t name_end = stat.rfind(") ");  // the name may hold anything
  if (name_end == std::string::npos) return {};
  std::string_view rest = std::string_view(stat).substr(name_end + 2);
  if (rest.starts_with('Z') || rest.starts_with('X')) return {};
  for (int field = 3; field < 22; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return {};
    rest.remove_prefix(space + 1);
  }
  return std::string(rest.substr(0, rest.find(' ')));
}

std::string machine() {
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  const std::string space = pid_namespace();
  return boot.empty() || space.empty() ? std::string() : boot + "/" + space;
}

}  // namespace

std::string own_place() {
  const std::string process = std::to_string(::getpid());
  return machine() + "/" + process + "/" + start_of(process);
}

bool is_certainly_dead(std::string_view place) {
  const std::string here = machine();
  if (here.empty() || !place.starts_with(here + "/")) return false;
  place.remove_prefix(here.size() + 1);
  const std::size_t slash = place.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view process = place.substr(0, slash);
  const std::string_view start = place.substr(slash + 1);
  if (process.empty() || process.find_first_not_of("0123456789") != std::string_view::npos ||
      start.empty())
    return false;
  return start_of(process) != start;
}

}  // namespace croft

#pragma once
/// Where a server process runs, so that the next one on the same machine knows at once that it is
/// dead. Another machine cannot know, and waits for its lease to end.

#include <string>
#include <string_view>

namespace croft {

/// This boot of this machine, its process namespace, process and the process's start.
[[nodiscard]] std::string own_place();

/// True only where it is certain: the same boot and namespace, and no such process any more (a
/// process of the same number that began at another time is another).
[[nodiscard]] bool is_certainly_dead(std::string_view place);

}  // namespace croft

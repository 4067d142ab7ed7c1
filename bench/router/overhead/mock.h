#pragma once

/// `overhead_bench mock`: an upstream that speaks OpenAI's chat completions, always says the same,
/// and costs next to nothing.
///
/// An answer comes `delay-us` after its request; a stream's pieces `gap-us` apart by a timetable
/// (0: all at once). POST /mock?delay_us=..&chunks=..&gap_us=.. changes that while it runs; GET
/// /mock tells requests served and CPU time. Threads: one, with epoll. Prints its port, serves
/// until SIGTERM.

#include <string>
#include <vector>

namespace croft::overhead {

int run_mock(const std::vector<std::string>& arguments);

}  // namespace croft::overhead

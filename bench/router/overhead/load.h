#pragma once

/// `overhead_bench load`: a closed loop of clients that cost little. Each asks, waits for the whole
/// answer, and asks again; prompts are unique. Prints one JSON object.
///
/// Units: latencies in microseconds, from before the request is sent. `gap_us`: between pieces of a
/// stream as they were received; `piece_us`: from the mock's sending of a piece to its receipt (one
/// machine, one clock). A closed loop asks less of what is slow: compare only the two ways of one
/// level. Threads: one, with epoll. Errors: what is no complete and right answer is counted by
/// kind; exit status 1 when there was no right answer at all.

#include <string>
#include <vector>

namespace croft::overhead {

int run_load(const std::vector<std::string>& arguments);

}  // namespace croft::overhead

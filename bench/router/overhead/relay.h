#pragma once

/// `overhead_bench relay`: hands bytes on in both directions and reads none of them. What it adds
/// is what any process in between costs on this machine, so it is the floor under a gateway's
/// figures.
///
/// Threads: one, with epoll. One upstream connection for each client. Prints its port, serves until
/// SIGTERM.

#include <string>
#include <vector>

namespace croft::overhead {

int run_relay(const std::vector<std::string>& arguments);

}  // namespace croft::overhead

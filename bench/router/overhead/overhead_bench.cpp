// overhead_bench mock | load | relay: the parts that overhead.py measures gateways with. See the
// header of each.
#include <cstdio>
#include <string>
#include <vector>

#include "load.h"
#include "mock.h"
#include "relay.h"

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + (count > 1 ? 2 : count), values + count);
  const std::string mode = count > 1 ? values[1] : "";
  if (mode == "mock") return croft::overhead::run_mock(arguments);
  if (mode == "load") return croft::overhead::run_load(arguments);
  if (mode == "relay") return croft::overhead::run_relay(arguments);
  std::fprintf(stderr,
               "usage: overhead_bench mock|load|relay [--option value]...; "
               "bench/router/overhead/overhead.py drives it\n");
  return 2;
}

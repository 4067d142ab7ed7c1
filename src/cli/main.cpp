#include <csignal>
#include <string>
#include <vector>

#include "cli/command.h"

int main(int argc, char** argv) {
  // A reader that goes away is an error of write(), not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  return croft::cli::run_command(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}

#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace croft {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(
      stderr,
      "croft: internal check failed: %s (%s:%d). This is a bug in Croft; please report it.\n",
      expression, file, line);
  std::abort();
}

}  // namespace croft

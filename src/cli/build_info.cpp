#include "cli/build_info.h"

// Written by CMake beside the build, at every build, and only where it changed: see CMakeLists.txt.
#include "cli_build/commit.h"
#include "server/version.h"

namespace croft::cli {

std::string_view version_text() {
  return kVersion;
}
std::string_view commit_text() {
  return CROFT_COMMIT;
}
std::string_view build_type_text() {
  return CROFT_BUILD_TYPE;
}

std::string_view compiler_text() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace croft::cli

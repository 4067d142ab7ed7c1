// Goal: no bytes in the file of API keys make its reader crash, or let a key in that nobody has.
// Method: load them from a file in memory, then ask for keys that were never made.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "store/api_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  static const int file = memfd_create("keys", 0);
  CHECK(file >= 0 && fchmod(file, 0600) == 0 && ftruncate(file, 0) == 0);
  CHECK(pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
  const auto keys = ApiKeys::load("/proc/self/fd/" + std::to_string(file));
  if (!keys) {
    CHECK(keys.error().code == ErrorCode::Corrupt || keys.error().code == ErrorCode::Io);
    return 0;
  }
  CHECK(keys->empty() == (keys->size() == 0));
  CHECK(!keys->verify("") && !keys->verify("sk-croft-") && !keys->verify(std::string(43, 'A')));
  return 0;
}

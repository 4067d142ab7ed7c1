// Goal: no body of Anthropic's clients crashes or hangs the reader, and what it accepts can be
// written for every upstream or is refused with a field. Method: JSON text as the input.
#include <cstddef>
#include <cstdint>

#include "router/dialects/testing_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  croft::dialects::fuzz_request(croft::dialects::Dialect::Anthropic, data, size);
  return 0;
}

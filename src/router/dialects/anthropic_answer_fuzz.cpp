// Goal: no answer of Anthropic, however cut, crashes, hangs, breaks the order of events or depends
// on where it was cut. Method: the first byte chooses delivery and cut; the same bytes are read
// whole and in two pieces, and what comes out is written for both clients.
#include <cstddef>
#include <cstdint>

#include "router/dialects/testing_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  croft::dialects::fuzz_answer(croft::dialects::Dialect::Anthropic, data, size);
  return 0;
}

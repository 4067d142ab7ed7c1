// Goal: no bytes crash or hang the event stream splitter, and how they are cut changes nothing.
// Method: the first byte chooses the cut; the same bytes are read whole and in two pieces.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "router/dialects/event_stream.h"

namespace {

std::string read(std::string_view first, std::string_view second) {
  using namespace croft::dialects;
  EventStream stream(4096);
  std::string out;
  const auto take = [&](const StreamEvent& event) {
    CHECK(event.data.size() < 4096);
    out += std::string(event.name) + "\x01" + std::string(event.data) + "\x02";
    return true;
  };
  const bool good = stream.feed(first, take).has_value() && stream.feed(second, take).has_value();
  return good ? out : out + "too large";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 255;
  CHECK(read(bytes, {}) == read(bytes.substr(0, cut), bytes.substr(cut)));
  return 0;
}

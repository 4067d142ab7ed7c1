// Token counts come from foreign files: any bytes are sums that do not wrap, or an error with a
// sentence.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/prices/whatif_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto work = croft::read_whatif_requests(text, "fuzz", croft::PriceList::built_in(),
                                                "openai", "gpt-4o-mini");
  if (!work && work.error().message.empty()) std::abort();
  if (work && work->cloud_nano < 0) std::abort();
  return 0;
}

// A price list is a foreign file: any bytes are either a list that can be written and read again,
// or an error with a sentence.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/prices/price_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto list = croft::PriceList::parse(text, "fuzz");
  if (!list) {
    if (list.error().message.empty()) std::abort();
    return 0;
  }
  for (const croft::ModelPrice& price : list->prices())
    if (list->find(price.provider, price.model, price.prompt_tokens_max.value_or(1)) == nullptr)
      std::abort();
  const auto again = list->merged(*list);
  if (!again || again->prices().size() != list->prices().size()) std::abort();
  return 0;
}

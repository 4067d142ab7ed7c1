// Goal: whatever an upstream sends and however it is cut, restoring does not crash, gives the same,
// holds back little, and keeps JSON as much JSON as it was. Method: the first bytes choose the form
// and the cut; surrogates are names, numbers and tokens, and values that JSON must escape.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "router/privacy/pseudonyms/text_restorer.h"

namespace {

using namespace croft::privacy;

const Restorations& restorations() {
  static const Restorations known({
      {.surrogate = "Kendall Marlwick",
       .value = "Anna \"Ann\" Schmidt",
       .endings = Endings::Names,
       .recasing = Recasing::Names},
      {.surrogate = "Kendall",
       .value = "J\u00FCrgen",
       .endings = Endings::Genitive,
       .recasing = Recasing::Names},
      {.surrogate = "kendall@example.org", .value = "a@b.de", .recasing = Recasing::Upper},
      {.surrogate = "4000 0012 3456 7899", .value = "4111\n1111", .is_number = true},
      {.surrogate = "<X_1>", .value = "\\"},
  });
  return known;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const TextForm form = data[0] % 2 == 0 ? TextForm::Prose : TextForm::Json;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = restored(restorations(), text, form);
  TextRestorer restorer(restorations(), form);
  std::string pieces;
  const std::size_t step = 1 + data[1] % 16;
  for (std::size_t at = 0; at < text.size(); at += step) {
    restorer.feed(text.substr(at, step), pieces);
    // Four signs for a character, some spaces and hidden ones between any two words.
    CHECK(restorer.held_bytes() < 4096);
  }
  restorer.finish(pieces);
  CHECK(pieces == whole);
  CHECK(restorer.held_bytes() == 0);
  if (form == TextForm::Json && croft::parse_json(text, "text"))
    CHECK(croft::parse_json(whole, "restored").has_value());
  return 0;
}

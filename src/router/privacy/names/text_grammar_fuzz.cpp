// Goal: no rules make the grammar's reader or its texts crash or hang, and marks lie in the text.
// Method: read any text as rules; make a few texts of what is accepted.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "router/privacy/names/text_grammar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  using namespace croft::privacy;
  constexpr std::size_t kRulesMax = 4096;
  if (size > kRulesMax) return 0;
  const auto grammar = TextGrammar::parse({reinterpret_cast<const char*>(data), size}, "rules",
                                          {{"names", {"Ann", "Bé"}}});
  if (!grammar) {
    CHECK(grammar.error().code == ErrorCode::InvalidArgument);
    return 0;
  }
  CHECK(grammar->templates_count() <= size);
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    TextRandom random(seed);
    const MarkedText made =
        grammar->make(random, seed % 2 == 0 ? TextShare::All : TextShare::HeldOut);
    std::size_t last = 0;
    for (const MarkedText::Mark& mark : made.marks) {
      CHECK(last <= mark.start && mark.start <= mark.end && mark.end <= made.text.size());
      last = mark.end;
    }
  }
  return 0;
}

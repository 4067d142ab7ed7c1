// Goal: no arguments make the command line's parser crash. Method: one argument a line of the
// input.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "cli/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> args;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    args.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const auto parsed = cli::parse_arguments(args);
  if (!parsed) {
    CHECK(parsed.error().code == ErrorCode::InvalidArgument);
    CHECK(!parsed.error().message.empty());
    return 0;
  }
  CHECK(parsed->verb != nullptr);
  for (const auto& [name, values] : parsed->options) {
    CHECK(cli::find_option(*parsed->verb, name) != nullptr);
    CHECK(!values.empty());
  }
  return 0;
}

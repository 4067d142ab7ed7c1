// The hub's listing is hostile: reading it and choosing from it must neither crash nor let a path
// out of its folder. The input's first line is the quantization wanted, the rest the JSON.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "store/hub_listing.h"
#include "store/model_name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  const std::string_view wanted = input.substr(0, end);
  const auto name = croft::ModelName::parse(wanted);
  if (name) CHECK(croft::ModelName::parse(name->text())->folder() == name->folder());
  if (end == std::string_view::npos) return 0;

  const auto listing = croft::parse_hub_listing(input.substr(end + 1));
  if (!listing) return 0;
  for (const std::string_view tag : {std::string_view(), wanted, std::string_view("safetensors")}) {
    const auto choice = croft::choose_files(*listing, tag, "user/repo");
    if (!choice) continue;
    CHECK(!choice->files.empty());
    for (const croft::HubFile& file : choice->files) {
      CHECK(croft::is_safe_relative_path(file.path));
    }
  }
  return 0;
}

// Goal: no config.json makes the reader crash, hang, take memory that its numbers ask for, or
// accept a configuration that later code could not index by. Method: read any JSON, check what was
// accepted.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"
#include "model/config.h"
#include "model/rope_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_json(text, "config.json");
  if (!parsed) return 0;
  const auto config = config_from_json(*parsed);
  static_cast<void>(ties_embeddings(*parsed));
  if (!config) {
    CHECK(!config.error().message.empty());
    CHECK(config.error().code != ErrorCode::Internal);
    return 0;
  }
  CHECK(config->layer_count <= limits::layers_max);
  CHECK(config->layer_slides.size() == config->layer_count);
  CHECK(config->kv_head_count > 0 && config->head_count % config->kv_head_count == 0);
  // Every frequency of the table is computed from the divisors.
  static_cast<void>(RopeTable(config->rope));
  return 0;
}

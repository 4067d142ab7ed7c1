// Goal: any bytes of a prompt are read without a fault, and the counts stay within their bounds.
// Method: read them as prompt features and as hashed features.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "router/gates/intent_features.h"
#include "router/gates/prompt_features.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const PromptFeatures features = read_prompt(text);
  CHECK(features.characters <= size && features.words <= size && features.urls_count <= size);
  CHECK(features.tokens_estimated <= size + 2);
  static IntentFeatureBuffer buffer;
  const IntentFeatureSettings settings;
  const auto buckets = buffer.hash(text, settings);
  CHECK(buckets.size() <= settings.features_max());
  for (const std::uint32_t bucket : buckets) CHECK(bucket < settings.buckets_count());
  return 0;
}

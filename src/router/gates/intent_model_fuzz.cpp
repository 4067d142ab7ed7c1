// Goal: no bytes of a model file make its reader or a decision crash, and what the reader accepts
// is written back byte for byte but for its header. Method: read the bytes with a checksum that is
// made right, so that the fuzzer gets past it; then decide on a few texts.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.h"
#include "io/digest.h"
#include "router/gates/intent_model_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  std::vector<std::byte> file(size);
  if (size != 0) std::memcpy(file.data(), data, size);
  if (size >= sizeof(std::uint64_t)) {
    const std::size_t covered = size - sizeof(std::uint64_t);
    const std::uint64_t digest = xxh3_64(std::span(file).first(covered));
    std::memcpy(file.data() + covered, &digest, sizeof digest);
  }
  auto parsed = parse_intent_model(file, "model");
  if (!parsed) {
    CHECK(parsed.error().code == ErrorCode::Corrupt ||
          parsed.error().code == ErrorCode::Unsupported);
    return 0;
  }
  const auto again = parse_intent_model(intent_model_bytes(*parsed), "model");
  CHECK(again && again->labels == parsed->labels && again->weights == parsed->weights);
  const IntentModel model(std::move(*parsed));
  IntentScratch scratch;
  for (const std::string_view text :
       {"", "my card is lost", "what is the balance of my account please, of my account?"}) {
    const IntentDecision decision = model.decide(text, scratch);
    CHECK(decision.label.empty() || decision.label == decision.best);
    CHECK(decision.probability >= 0.0f && decision.probability <= 1.0f);
  }
  return 0;
}

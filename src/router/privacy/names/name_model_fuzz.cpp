// Goal: no bytes of a model file make its reader or the tagger crash or hang, and what the reader
// accepts is written back with the same tables. Method: read the bytes with a checksum that is made
// right, so that the fuzzer gets past it; then tag a few texts and the file's own bytes.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.h"
#include "io/digest.h"
#include "router/privacy/names/name_model_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  using namespace croft::privacy;
  std::vector<std::byte> file(size);
  if (size != 0) std::memcpy(file.data(), data, size);
  if (size >= sizeof(std::uint64_t)) {
    const std::size_t covered = size - sizeof(std::uint64_t);
    const std::uint64_t digest = xxh3_64(std::span(file).first(covered));
    std::memcpy(file.data() + covered, &digest, sizeof digest);
  }
  auto parsed = parse_name_model(file, "model");
  if (!parsed) {
    CHECK(parsed.error().code == ErrorCode::Corrupt ||
          parsed.error().code == ErrorCode::Unsupported);
    return 0;
  }
  const auto again = parse_name_model(name_model_bytes(*parsed), "model");
  CHECK(again && again->weights == parsed->weights && again->list_slots == parsed->list_slots);
  const NameModel model(std::move(*parsed));
  NameScratch scratch;
  for (const std::string_view text :
       {std::string_view("Ann Lee, 34, lives at 5 High St., York."),
        std::string_view(reinterpret_cast<const char*>(data), size).substr(0, 4096)}) {
    std::vector<NameSpan> spans;
    for (std::size_t at = 0; at < text.size();) at = model.find(text, at, scratch, spans);
    std::size_t last = 0;
    for (const NameSpan& span : spans) {
      CHECK(last <= span.start && span.start < span.end && span.end <= text.size());
      CHECK(span.score >= 0.5f && span.score <= 0.9f);
      last = span.end;
    }
  }
  return 0;
}

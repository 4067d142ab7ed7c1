// Goal: no GGUF metadata crashes the tokenizer reader. Method: arbitrary bytes as the file; what
// loads must encode and decode a fixed text within the vocabulary.

#include <cstdint>
#include <span>

#include "base/check.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const auto file = GgufFile::parse(std::as_bytes(std::span(data, size)));
  if (!file) return 0;
  const auto tokenizer = tokenizer_from_gguf(*file);
  if (!tokenizer) return 0;
  const auto ids = (*tokenizer)->encode("Hello  w\u00f6rld \xff 12 <s>", {.parse_special = true});
  for (const TokenId id : ids)
    CHECK(id >= 0 && static_cast<std::size_t>(id) < (*tokenizer)->size());
  CHECK(utf8::is_valid((*tokenizer)->decode(ids, true)));
  return 0;
}

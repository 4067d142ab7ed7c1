// Goal: no tokenizer.json crashes the reader or the tokenizer it makes. Method: arbitrary text as
// the document; what loads must encode and decode a fixed text within the vocabulary.

#include <cstdint>

#include "base/check.h"
#include "text/hf_tokenizer.h"
#include "text/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = tokenizer_from_json(
      {.tokenizer = text, .tokenizer_config = R"({"bos_token": "a", "add_bos_token": true})"});
  if (!tokenizer) return 0;
  const auto ids = (*tokenizer)->encode("Hello  w\u00f6rld \xff 12 <s>", {.parse_special = true});
  for (const TokenId id : ids)
    CHECK(id >= 0 && static_cast<std::size_t>(id) < (*tokenizer)->size());
  CHECK(utf8::is_valid((*tokenizer)->decode(ids, true)));
  return 0;
}

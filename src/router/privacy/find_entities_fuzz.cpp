// Goal: whatever the bytes, findings are in order, apart, inside the text and at borders of its
// characters. Method: any input; for valid UTF-8 the borders are checked, and that redacting leaves
// valid UTF-8. JSON's escapes are undone on the way, as the gate does.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "router/privacy/find_entities.h"
#include "router/privacy/json_unescape.h"
#include "router/privacy/redaction.h"
#include "text/utf8.h"

namespace {

bool is_border(std::string_view text, std::size_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
}

void check(std::string_view text) {
  using namespace croft;
  privacy::FindScratch scratch;
  const bool is_text = utf8::is_valid(text);
  std::size_t last = 0;
  const auto findings = privacy::find_entities(text, scratch);
  for (const privacy::Finding& finding : findings) {
    CHECK(last <= finding.start && finding.start < finding.end && finding.end <= text.size());
    CHECK(finding.score > 0.0f && finding.score <= 1.0f);
    CHECK(!is_text || (is_border(text, finding.start) && is_border(text, finding.end)));
    last = finding.end;
  }
  CHECK(!is_text || utf8::is_valid(privacy::redacted(text, findings)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  std::string undone;
  if (croft::privacy::json_unescaped(text, undone)) check(undone);
  return 0;
}

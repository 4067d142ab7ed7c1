#include "router/privacy/redaction.h"

#include "base/check.h"

namespace croft::privacy {

std::string redacted(std::string_view text, std::span<const Finding> findings) {
  std::string out;
  std::size_t copied = 0;
  for (const Finding& finding : findings) {
    CHECK(copied <= finding.start && finding.end <= text.size());
    out.append(text.substr(copied, finding.start - copied));
    out += '<';
    out += entity_name(finding.type);
    out += '>';
    copied = finding.end;
  }
  out.append(text.substr(copied));
  return out;
}

}  // namespace croft::privacy

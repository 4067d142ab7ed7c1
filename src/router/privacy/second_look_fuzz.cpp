// Goal: whatever a text and a model's answer hold, the names that are taken from the answer stand
// in the text, lie apart from each other and from all that was found before, and begin and end at
// characters. Method: the input is a text, a zero byte, an answer; the rules look at the text
// first.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "router/privacy/redaction.h"
#include "router/privacy/second_look.h"
#include "text/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  using namespace croft::privacy;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\0'));
  const std::string_view answer = input.substr(std::min(size, text.size() + 1));
  const bool is_text = utf8::is_valid(text);

  const auto names = names_in_answer(answer);
  for (const std::string_view name : names) {
    CHECK(name.size() >= 2 && name.size() <= 80 && utf8::is_valid(name) && !name.contains('\n'));
    CHECK(answer.contains(name));
  }
  FindScratch scratch;
  const auto before = find_entities(text, scratch);
  std::vector<Finding> all(before.begin(), before.end());
  std::size_t last = 0;
  for (const TextPiece& piece : cut_into_pieces(text)) {
    CHECK(last <= piece.start && piece.start < piece.end && piece.end <= text.size());
    CHECK(piece.end - piece.start <= piece_bytes_max);
    last = piece.end;
    const std::string_view part = text.substr(piece.start, piece.end - piece.start);
    CHECK(!is_text || utf8::is_valid(part));
    for (const Finding& finding : place_names(text, piece, names, before)) {
      CHECK(piece.start <= finding.start && finding.start < finding.end);
      CHECK(finding.end <= piece.end && finding.type == EntityType::Person);
      all.push_back(finding);
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Finding& a, const Finding& b) { return a.start < b.start; });
  last = 0;
  for (const Finding& finding : all) {
    CHECK(last <= finding.start);
    last = finding.end;
  }
  CHECK(!is_text || utf8::is_valid(redacted(text, all)));
  return 0;
}

#include "router/privacy/pseudonyms/value_parts.h"

#include "router/privacy/pseudonyms/folded_units.h"
#include "router/privacy/pseudonyms/surrogate_names.h"
#include "text/utf8.h"

namespace croft::privacy {
namespace {

NameRole role_of(std::string_view word, std::size_t letters) {
  if (letters == 1) return NameRole::Initial;
  if (is_title(word)) return NameRole::Title;
  return is_name_particle(word) ? NameRole::Particle : NameRole::Name;
}

}  // namespace

std::vector<NamePart> name_parts(std::string_view name) {
  std::vector<NamePart> parts;
  std::size_t at = 0;
  while (at < name.size()) {
    NamePart part{at, at, NameRole::Name};
    std::size_t letters = 0;
    while (part.end < name.size()) {
      const Unit unit = unit_at(name, part.end, Escapes::None, false);
      const bool apostrophe = letters > 0 && unit.fold() == "'" &&
                              part.end + unit.length < name.size() &&
                              unit_at(name, part.end + unit.length, Escapes::None, false).is_word;
      // Characters that are no letters and no known sign belong to the name: of scripts without
      // spaces, or bytes that are no UTF-8.
      const bool other = unit.folded_size > 1;
      if (!unit.is_word && !apostrophe && !other) break;
      part.end += unit.length;
      ++letters;
    }
    if (letters == 0) {
      at += unit_at(name, at, Escapes::None, false).length;
      continue;
    }
    part.role = role_of(name.substr(part.start, part.end - part.start), letters);
    parts.push_back(part);
    at = part.end;
  }
  return parts;
}

std::string first_letter(std::string_view text) {
  return std::string(text.substr(0, text.empty() ? 0 : utf8::decode(text, 0).length));
}

}  // namespace croft::privacy

#pragma once
/// Invented names: of people, places, streets, firms. Made of parts, so that they are many, read as
/// names and are hardly anybody's; all in ASCII, none ends hissing, none is a word.

#include <string>
#include <string_view>

#include "router/privacy/pseudonyms/keyed_digest.h"

namespace croft::privacy {

/// "Kendall": of a list of names that any person may have, so that no pronoun goes wrong; `rare`
/// once the list may be used up.
[[nodiscard]] std::string given_name(Draw& draw, bool rare);
[[nodiscard]] std::string family_name(Draw& draw);  ///< "Marlwick"
[[nodiscard]] std::string place_name(Draw& draw);   ///< "Thornbridge"
/// "Calderholm Trading", with the legal form that `value` ends with.
[[nodiscard]] std::string organization_name(std::string_view value, Draw& draw);
/// "17 Brandley Lane" or "Brandleyweg 17": as many digits in the number, where `value` has it.
[[nodiscard]] std::string street_address(std::string_view value, Draw& draw);

/// Titles and particles, which say nothing of who it is: "Dr", "von". Any case, without a dot.
[[nodiscard]] bool is_title(std::string_view word);
[[nodiscard]] bool is_name_particle(std::string_view word);
/// First names that are ordinary words, too: "Will", "May". Any case.
[[nodiscard]] bool is_common_word(std::string_view word);

}  // namespace croft::privacy

#pragma once
/// The texts of a request's body, whatever its dialect: every string, number and name in it, but
/// for the few words that the dialect itself means (roles, types, the model).

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace croft::privacy {

enum class TextRole : std::uint8_t {
  Value,
  Member,  ///< its name
  Number,  ///< text: its digits
  Name,    ///< of a tool or participant: the dialect restricts its letters
};

struct BodyText {
  TextRole role = TextRole::Value;
  std::string name;  ///< of the member, or of the list it stands in
  std::string text;
};

/// All texts, in an order that only depends on the body.
[[nodiscard]] std::vector<BodyText> texts_of(const json::object& body);

/// `body` with other texts, as many as texts_of gives. A number whose text is none becomes a
/// string.
[[nodiscard]] json::object with_texts(const json::object& body,
                                      const std::vector<std::string>& texts);

}  // namespace croft::privacy

#pragma once
/// Puts true values back into a text that comes in pieces, cut anywhere: between the words of a
/// surrogate, in a character, in an escape.
///
/// Holds back only what may still become a surrogate, at most the longest one with its spaces
/// drawn out; text that cannot is given on at once. What was put in is not looked at again.

#include <string>
#include <string_view>
#include <vector>

#include "router/privacy/pseudonyms/restorations.h"

namespace croft::privacy {

enum class TextForm : std::uint8_t {
  Prose,  ///< values go in as they are; as in JSON where the surrogate had an escape
  Json,   ///< values go in escaped for the string they stand in
};

/// One text: an answer, its thoughts, the arguments of one call. Not for several threads at once.
class TextRestorer {
 public:
  /// `restorations` outlives it.
  TextRestorer(const Restorations& restorations, TextForm form)
      : restorations_(&restorations), form_(form) {}

  /// Appends to `out` what is settled once `piece` has come.
  void feed(std::string_view piece, std::string& out);
  /// The text is over: appends what was held back. A further text may follow.
  void finish(std::string& out);
  /// The text broke off: as finish, but half a surrogate is left out. Who goes on from there says
  /// it again; a person would only wonder.
  void cut(std::string& out);
  [[nodiscard]] std::size_t held_bytes() const { return bytes_.size() - given_; }

 private:
  void decode(bool more);
  void advance(bool final, std::string& out);
  void give(const Unit& unit, std::string& out);
  void put_value(const PhraseMatch& match, std::string& out);
  void track(const Unit& unit);
  void drop_given();
  void begin_anew();

  const Restorations* restorations_;
  TextForm form_;
  std::string bytes_;        ///< what is held, after some that was given
  std::size_t decoded_ = 0;  ///< bytes that are units
  std::size_t given_ = 0;    ///< bytes that were given or replaced
  std::vector<Unit> units_;  ///< the last two that were given, and all that are held
  std::size_t at_ = 0;       ///< the first unit that is held

  // Where in JSON text we are.
  bool in_string_ = false;
  bool string_is_json_ = false;  ///< the string holds JSON itself
  bool string_is_empty_ = true;  ///< so far
};

/// A whole text.
[[nodiscard]] std::string restored(const Restorations& restorations, std::string_view text,
                                   TextForm form = TextForm::Prose);

}  // namespace croft::privacy

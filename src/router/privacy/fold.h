#pragma once
/// Text as the recognisers read it: digits, letters and separators that only look different become
/// ASCII, characters that show nothing go. Offsets lead back to the text as it came.
///
/// Folded: full-width forms, decimal digits of other scripts and of mathematics, tag characters,
/// spaces of every width, dashes and dots. Left out: soft hyphens, joiners, direction marks,
/// variation selectors, the frame of keycap digits. All else, bytes that are no UTF-8 included,
/// stays as it is.
/// Threads: one FoldedText per thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace croft::privacy {

class FoldedText {
 public:
  /// Folds `text`, which must stay alive: where nothing has to change, it is not copied.
  void assign(std::string_view text);

  [[nodiscard]] std::string_view text() const { return view_; }
  /// Where a folded byte's character begins in the original. Requires: a byte in text().
  [[nodiscard]] std::size_t original_begin(std::size_t folded) const;
  /// Where a folded byte's character ends in the original.
  [[nodiscard]] std::size_t original_end(std::size_t folded) const;

 private:
  /// From `folded` on, up to the next piece, bytes are the original's from `original` on; or, where
  /// `width` is not 0, this one byte stands for `width` bytes there.
  struct Piece {
    std::size_t folded;
    std::size_t original;
    std::size_t width;
  };
  [[nodiscard]] const Piece& piece_of(std::size_t folded) const;

  std::string_view original_;
  std::string_view view_;
  std::string copy_;
  std::vector<Piece> pieces_;  ///< empty: nothing changed
};

}  // namespace croft::privacy

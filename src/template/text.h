#pragma once
/// A string value that remembers which of its bytes came from outside, and the builder every string
/// operation goes through, so that no operation can lose the marks.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_range.h"

namespace croft::jinja {

class Heap;

/// Immutable. `untrusted` is sorted and disjoint; `markup` is Jinja's Markup type (a string that
/// escapes what is added to it), made by the filters safe and escape.
struct Text {
  std::string bytes;
  std::vector<ByteRange> untrusted;
  bool markup = false;
  Heap* heap = nullptr;  ///< where the bytes are counted; null for constants of the program
  Text() = default;
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  ~Text();
};
using TextRef = std::shared_ptr<const Text>;

/// A constant of the program: trusted, and not counted against a render.
TextRef constant_text(std::string bytes);

class TextBuilder {
 public:
  /// `bytes_max`: a limit of its own (the output's); `what` names it in the error.
  explicit TextBuilder(Heap& heap, std::size_t bytes_max = static_cast<std::size_t>(-1));

  void append(std::string_view trusted) { append(trusted, false); }
  void append(std::string_view bytes, bool untrusted);
  void append(const Text& text) { append_slice(text, 0, text.bytes.size()); }
  /// Bytes [begin, end) of `text` with their marks.
  void append_slice(const Text& text, std::size_t begin, std::size_t end);
  /// `bytes` in place of text[at]: they inherit the mark of that byte.
  void append_mapped(std::string_view bytes, const Text& text, std::size_t at);
  void repeat(const Text& text, std::size_t count);

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  TextRef finish(bool markup = false);
  MarkedText finish_marked();

 private:
  void grow(std::size_t count);
  void mark(std::size_t begin, std::size_t end);

  Heap& heap_;
  std::size_t bytes_max_;
  std::size_t room_checked_ = 0;
  std::string bytes_;
  std::vector<ByteRange> untrusted_;
};

/// Whether byte `at` came from outside.
[[nodiscard]] bool is_untrusted_at(const Text& text, std::size_t at);

}  // namespace croft::jinja

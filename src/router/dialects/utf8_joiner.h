#pragma once
/// Whole UTF-8 characters out of pieces of text that may be cut within one. Also joins surrogate
/// pairs that arrive as two pieces of JSON (see upstream_json.h): a lone half is written in three
/// bytes there, as UTF-8 would write it if it might.

#include <string>
#include <string_view>

namespace croft::dialects {

class Utf8Joiner {
 public:
  /// What is whole so far. Bytes that can no longer become a character are U+FFFD.
  [[nodiscard]] std::string push(std::string_view piece);
  /// What was held back, as U+FFFD.
  [[nodiscard]] std::string flush();

 private:
  std::string held_;  ///< at most 5 bytes: a high half and two bytes of the low one
};

}  // namespace croft::dialects

#pragma once
/// What a prompt shows without being understood: how long it is, in which language, whether it has
/// code, mathematics or links, and whether it asks for JSON or a table. Rules of a route read
/// these; each is a count, a fact or "no signal", never a guess that poses as a fact.
///
/// Bound: the length and the token estimate come from one pass over the whole text that the
/// compiler vectorises. Everything else reads the first 3,072 and the last 1,024 bytes.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace croft {

struct PromptFeatures {
  std::size_t bytes = 0;
  std::size_t characters = 0;  ///< UTF-8 code points; an invalid byte counts as one or as none
  std::size_t words = 0;       ///< runs without ASCII white space
  /// An upper estimate for any vocabulary of ours: half of ASCII letters and spaces, and all other
  /// bytes. Measured with SmolLM2, Gemma 3 and Qwen2.5: twice too high for English prose, 3 % too
  /// low for a table of numbers, never lower in the 7 languages tried.
  std::size_t tokens_estimated = 0;

  /// ISO 639-1: en de fr es it pt nl pl, zh ja ko ru el ar he hi th. Empty: no signal, for a text
  /// that is short, mixed, or in another language.
  std::string_view language;

  bool has_code = false;
  bool wants_json = false;
  bool wants_table = false;
  bool has_math = false;  ///< an equation, an operation on numbers, or a word of it and a number
  std::size_t digits_count = 0;
  std::size_t questions_count = 0;  ///< question marks that end something
  std::size_t urls_count = 0;
};

/// Any bytes will do. No allocation. Threads: any number at once.
[[nodiscard]] PromptFeatures read_prompt(std::string_view text);

}  // namespace croft

#pragma once
/// Pre-tokenizers cut prepared text into the pieces inside which tokens are formed.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text_range.h"
#include "text/regex.h"

namespace croft {

/// A text and its pieces, in order. A step may rewrite the text; `ranges` always lie within it.
struct Pieces {
  std::string text;
  std::vector<ByteRange> ranges;
  bool at_text_start = true;  ///< this text begins the whole input (no token, no text before it)
};

/// One step; immutable.
class PreTokenizerStep {
 public:
  virtual ~PreTokenizerStep() = default;
  virtual void apply(Pieces& pieces) const = 0;
};

using PreTokenizer = std::vector<std::unique_ptr<const PreTokenizerStep>>;

/// What becomes of the text that a split pattern matches, in tokenizer.json's words.
enum class SplitBehavior : std::uint8_t {
  Removed,
  Isolated,
  MergedWithPrevious,
  MergedWithNext,
  Contiguous,
};

/// Splits every piece at the matches of `pattern`; `invert` splits at what does not match instead.
std::unique_ptr<PreTokenizerStep> make_split(Regex pattern, SplitBehavior behavior, bool invert);

/// Puts a space before a text that does not begin with one (byte-level `add_prefix_space`).
std::unique_ptr<PreTokenizerStep> make_prefix_space();

enum class PrependScheme : std::uint8_t { Never, First, Always };

/// SentencePiece's space: every space becomes `replacement`, one is put in front by `scheme` unless
/// there is one, and with `split` every word is a piece of its own.
std::unique_ptr<PreTokenizerStep> make_metaspace(std::string replacement, PrependScheme scheme,
                                                 bool split);

/// Cuts before every U+2581 that follows another character.
std::unique_ptr<PreTokenizerStep> make_word_split();

/// GPT-2's split pattern, the ancestor of all others.
extern const std::string_view gpt2_pattern;

/// The split patterns of a GGUF `tokenizer.ggml.pre` name, applied one after the other.
/// Errors: Unsupported (the name and those supported).
Result<PreTokenizer> pre_tokenizer_named(std::string_view name);

/// What else the name of a pre-tokenizer decides in the reference.
struct PreTokenizerTraits {
  bool ignore_merges = false;
  bool adds_bos = false;
};
[[nodiscard]] PreTokenizerTraits pre_tokenizer_traits(std::string_view name);

}  // namespace croft

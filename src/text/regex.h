#pragma once
/// Regular expressions of tokenizers, on PCRE2 with its JIT. Patterns may come from a file: a match
/// has a budget, and a search that exceeds it finds nothing.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/text_range.h"

namespace croft {

/// Immutable; safe to use from many threads at once.
class Regex {
 public:
  /// Accepts the Oniguruma dialect of tokenizer.json as far as published tokenizers use it.
  /// Errors: Unsupported (the pattern and the reason named).
  static Result<Regex> compile(std::string_view pattern);
  /// A pattern that matches exactly `text`.
  static std::string quote(std::string_view text);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// The first match that is not empty, at or after `from`. Requires valid UTF-8.
  [[nodiscard]] std::optional<ByteRange> search(std::string_view text, std::size_t from) const;

 private:
  struct Code;
  explicit Regex(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace croft

#pragma once
/// Normalizers rewrite the text between special tokens before it is cut into pieces.

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/regex.h"
#include "text/unicode.h"

namespace croft {

/// One step; immutable. Takes and gives valid UTF-8.
class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  [[nodiscard]] virtual std::string apply(std::string text) const = 0;
};

using Normalizer = std::vector<std::unique_ptr<const NormalizerStep>>;

std::unique_ptr<NormalizerStep> make_unicode_form(unicode::Form form);
std::unique_ptr<NormalizerStep> make_lower_case();
/// Drops nonspacing marks.
std::unique_ptr<NormalizerStep> make_strip_accents();
/// Puts `prefix` before every text that is not empty.
std::unique_ptr<NormalizerStep> make_prepend(std::string prefix);
std::unique_ptr<NormalizerStep> make_replace(std::string from, std::string to);
std::unique_ptr<NormalizerStep> make_replace(Regex from, std::string to);
/// Drops white space at the ends.
std::unique_ptr<NormalizerStep> make_strip(bool left, bool right);

}  // namespace croft

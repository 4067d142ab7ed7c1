#include "text/end_markers.h"

#include <algorithm>
#include <array>

namespace croft {
namespace {

constexpr std::array<std::string_view, 18> markers = {
    "</s>",
    "<eos>",
    "[EOS]",
    "<EOT>",
    "[EOT]",
    "<|im_end|>",
    "<|end|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|end_of_turn|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|eot|>",
    "<|eom|>",
    "<|return|>",
    "<|call|>",
    "<end_of_turn>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",  // DeepSeek writes full-width bars
};

}  // namespace

bool is_end_marker(std::string_view piece) {
  return std::ranges::find(markers, piece) != markers.end();
}

std::vector<TokenId> find_end_tokens(const Vocabulary& vocabulary, std::vector<TokenId> named) {
  for (const std::string_view marker : markers) {
    const auto id = vocabulary.find(marker);
    if (id && vocabulary.kind(*id) == TokenKind::Control) named.push_back(*id);
  }
  std::ranges::sort(named);
  const auto repeated = std::ranges::unique(named);
  named.erase(repeated.begin(), repeated.end());
  return named;
}

}  // namespace croft

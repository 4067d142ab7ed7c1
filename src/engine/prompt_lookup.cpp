#include "engine/prompt_lookup.h"

#include <algorithm>

namespace croft {
namespace {

/// With the token before them these make 4 and 8 rows, which kernels take together.
constexpr std::size_t few = 3, many = 7;
/// A step of 4 rows costs about 1.3 steps of one, so that a third of 3 must hold.
constexpr double worth = 0.25;
constexpr double high = 0.8;
constexpr double newest = 0.25;
constexpr std::size_t pause_max = 256;

std::uint64_t key_of(std::span<const TokenId> tokens) {
  // Two runs of tokens with one key give a wrong guess, no more.
  std::uint64_t key = 0;
  for (const TokenId token : tokens)
    key = (key + static_cast<std::uint64_t>(token) + 1) * 0x9e3779b97f4a7c15;
  return key;
}

}  // namespace

void PromptLookup::index(std::span<const TokenId> tokens) {
  for (std::size_t i = std::max<std::size_t>(indexed_, 2); i < tokens.size(); ++i) {
    after_two_[key_of(tokens.subspan(i - 2, 2))] = static_cast<std::uint32_t>(i);
    if (i >= 3) after_three_[key_of(tokens.subspan(i - 3, 3))] = static_cast<std::uint32_t>(i);
  }
  indexed_ = tokens.size();
}

std::span<const TokenId> PromptLookup::propose(std::span<const TokenId> tokens,
                                               std::size_t count_max) {
  if (count_max == 0 || tokens.size() < 3) return {};
  index(tokens);
  const auto find = [&](const auto& map, std::size_t count) -> std::size_t {
    const auto at = map.find(key_of(tokens.last(count)));
    return at == map.end() ? tokens.size() : at->second;
  };
  std::size_t at = find(after_three_, 3);
  if (at == tokens.size()) at = find(after_two_, 2);
  return tokens.subspan(at, std::min(count_max, tokens.size() - at));
}

std::size_t PromptLookup::wanted() const {
  if (pause_ != 0) return 0;
  return held_share_ >= high ? many : few;
}

void PromptLookup::learn(std::size_t proposed, std::size_t held) {
  if (pause_ != 0) {
    --pause_;
    return;
  }
  if (proposed == 0) return;
  const double share = static_cast<double>(held) / static_cast<double>(proposed);
  held_share_ = (1.0 - newest) * held_share_ + newest * share;
  if (held_share_ >= worth) {
    if (held == proposed) pause_next_ = 16;
    return;
  }
  pause_ = pause_next_;
  pause_next_ = std::min(pause_next_ * 2, pause_max);
  held_share_ = 0.5;
}

}  // namespace croft

#pragma once
/// What the tagger looks at around a token: the words, their forms and the lists that they are in,
/// alone and together.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "router/privacy/names/name_lists.h"
#include "router/privacy/names/name_tokens.h"

namespace croft::privacy {

inline constexpr std::size_t name_features_count = 28;
/// One number a feature, spread over all 32 bits.
using NameFeatures = std::array<std::uint32_t, name_features_count>;

/// What is worked out once for each token of a sequence.
struct NameView {
  std::vector<std::uint32_t> words;  ///< a common word's identity, or what kind of word it is
  std::vector<std::uint32_t> kinds;  ///< form and lists
  std::vector<std::uint32_t> left;   ///< the nearest common word in lower case before it
  std::vector<std::uint32_t> right;  ///< and after it
  std::vector<bool> worth;           ///< may be part of a name, or is beside one
};

/// Looks the tokens up in the lists, entries of several tokens included.
void mark_lists(std::span<NameToken> tokens, const NameLists& lists);

/// Requires marked tokens.
void make_view(std::span<const NameToken> tokens, NameView& view);

[[nodiscard]] NameFeatures name_features(std::span<const NameToken> tokens, const NameView& view,
                                         std::size_t at);

}  // namespace croft::privacy

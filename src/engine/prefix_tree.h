#pragma once
/// Keys and values of beginnings that requests share, kept by whole pages.
///
/// A node is one page: kv_block_positions tokens that follow its parent's. What two requests have
/// in common is found page by page and compared token by token, so that no hash has to be trusted.
/// Trees of different salts share nothing: a tenant learns nothing from how fast its answers come
/// (S10). The exception is what the operator keeps for everyone: those trees are the trunk of all
/// others and are never forgotten.

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>

#include "model/kv_pool.h"
#include "text/tokenizer.h"

namespace croft {

/// Whose tree: a tenant's, and apart from it that of sequences in the other regime of rope, whose
/// keys differ.
struct PrefixSalt {
  std::uint64_t tenant = 0;
  bool rope_long = false;

  static constexpr std::uint64_t everyone = ~std::uint64_t{0};
  [[nodiscard]] PrefixSalt for_everyone() const { return {everyone, rope_long}; }
  bool operator==(const PrefixSalt&) const = default;
};

/// Used by the engine's owner thread only. The pool outlives the tree.
class PrefixTree {
 public:
  explicit PrefixTree(KvPool& pool) : pool_(pool) {}
  PrefixTree(const PrefixTree&) = delete;
  ~PrefixTree() { clear(); }

  /// Appends the pages of the longest known beginning of `tokens` to `table`, at most
  /// `positions_max` positions; returns how many positions that are. Requires: `table` is empty.
  std::size_t match(PrefixSalt salt, std::span<const TokenId> tokens, std::size_t positions_max,
                    KvTable& table);
  /// Remembers the full pages of a sequence. Requires: `table` holds keys and values of
  /// tokens[0, positions). With the salt of everyone they are kept for good.
  void insert(PrefixSalt salt, std::span<const TokenId> tokens, std::size_t positions,
              const KvTable& table);
  /// Forgets pages that nobody else holds, the least recently used first, until the pool has
  /// `pages` free ones. False when it cannot.
  bool make_room(std::size_t pages);
  /// Forgets in the same order until at most `pages` are kept that nobody else holds.
  void keep_at_most(std::size_t pages);
  void clear();

  [[nodiscard]] std::size_t pages() const { return nodes_.size(); }
  /// Of these, kept for everyone.
  [[nodiscard]] std::size_t everyones_pages() const { return everyones_pages_; }

 private:
  struct Node {
    PrefixSalt salt;
    std::uint64_t hash = 0;
    Node* parent = nullptr;
    std::size_t children = 0;
    KvPageId page = 0;
    std::array<TokenId, kv_block_positions> tokens{};
    std::list<Node>::iterator self;
  };
  using Tokens = std::span<const TokenId>;

  [[nodiscard]] static std::uint64_t hash_of(PrefixSalt salt, const Node* parent, Tokens block);
  [[nodiscard]] Node* find(PrefixSalt salt, const Node* parent, Tokens block);
  [[nodiscard]] Node* find_for(PrefixSalt salt, const Node* parent, Tokens block);
  /// Marks a path as just used, its end first: ancestors are always more recent than what follows
  /// them.
  void touch(Node* end);
  void forget(Node& node);
  /// Forgets from the end of the list while `more()`.
  template <typename More>
  void forget_while(More more);

  KvPool& pool_;
  std::size_t everyones_pages_ = 0;
  std::list<Node> nodes_;  ///< most recently used first
  std::unordered_multimap<std::uint64_t, Node*> by_hash_;
};

}  // namespace croft

#include "engine/prefix_tree.h"

#include <algorithm>
#include <new>

#include "base/check.h"
#include "io/digest.h"

namespace croft {
namespace {

std::span<const TokenId> block_at(std::span<const TokenId> tokens, std::size_t page) {
  return tokens.subspan(page * kv_block_positions, kv_block_positions);
}

}  // namespace

std::uint64_t PrefixTree::hash_of(PrefixSalt salt, const Node* parent, Tokens block) {
  std::uint64_t hash = xxh3_64(std::as_bytes(block));
  hash ^= ((salt.tenant << 1 | static_cast<std::uint64_t>(salt.rope_long)) + 0x9e3779b97f4a7c15) *
          0xbf58476d1ce4e5b9;
  if (parent != nullptr) hash ^= parent->hash * 0x94d049bb133111eb + 1;
  return hash;
}

PrefixTree::Node* PrefixTree::find(PrefixSalt salt, const Node* parent, Tokens block) {
  const auto [begin, end] = by_hash_.equal_range(hash_of(salt, parent, block));
  for (auto at = begin; at != end; ++at) {
    Node& node = *at->second;
    if (node.salt == salt && node.parent == parent && std::ranges::equal(node.tokens, block))
      return &node;
  }
  return nullptr;
}

/// The next page of a path that is everyone's as far as that goes, then a tenant's.
PrefixTree::Node* PrefixTree::find_for(PrefixSalt salt, const Node* parent, Tokens block) {
  if (parent == nullptr || parent->salt.tenant == PrefixSalt::everyone)
    if (Node* node = find(salt.for_everyone(), parent, block)) return node;
  return find(salt, parent, block);
}

void PrefixTree::touch(Node* end) {
  for (Node* node = end; node != nullptr; node = node->parent)
    nodes_.splice(nodes_.begin(), nodes_, node->self);
}

std::size_t PrefixTree::match(PrefixSalt salt, Tokens tokens, std::size_t positions_max,
                              KvTable& table) {
  CHECK(table.capacity() == 0);
  const std::size_t pages = std::min(tokens.size(), positions_max) / kv_block_positions;
  Node* last = nullptr;
  std::size_t matched = 0;
  for (; matched < pages; ++matched) {
    Node* node = find_for(salt, last, block_at(tokens, matched));
    if (node == nullptr) break;
    table.append_shared(node->page);
    last = node;
  }
  touch(last);
  return matched * kv_block_positions;
}

void PrefixTree::insert(PrefixSalt salt, Tokens tokens, std::size_t positions,
                        const KvTable& table) {
  CHECK(positions <= tokens.size() && positions <= table.capacity());
  Node* last = nullptr;
  for (std::size_t page = 0; page < positions / kv_block_positions; ++page) {
    const Tokens block = block_at(tokens, page);
    Node* node = find_for(salt, last, block);
    if (node == nullptr) {
      node = &nodes_.emplace_front();
      node->hash = hash_of(salt, last, block);
      try {
        by_hash_.emplace(node->hash, node);
      } catch (const std::bad_alloc&) {
        nodes_.pop_front();
        throw;
      }
      node->self = nodes_.begin();
      node->salt = salt;
      node->parent = last;
      node->page = table.ids()[page];
      std::ranges::copy(block, node->tokens.begin());
      pool_.share(node->page);
      if (last != nullptr) ++last->children;
      if (salt.tenant == PrefixSalt::everyone) ++everyones_pages_;
    }
    last = node;
  }
  touch(last);
}

void PrefixTree::forget(Node& node) {
  CHECK(node.children == 0);
  const auto [begin, end] = by_hash_.equal_range(node.hash);
  by_hash_.erase(
      std::find_if(begin, end, [&](const auto& entry) { return entry.second == &node; }));
  if (node.parent != nullptr) --node.parent->children;
  pool_.give_back(node.page);
  if (node.salt.tenant == PrefixSalt::everyone) --everyones_pages_;
  nodes_.erase(node.self);
}

template <typename More>
void PrefixTree::forget_while(More more) {
  for (auto at = nodes_.end(); at != nodes_.begin() && more();) {
    Node& node = *--at;
    // Whoever holds a page holds all before it: what has children in use is in use itself.
    if (node.children != 0 || pool_.references(node.page) > 1) continue;
    if (node.salt.tenant == PrefixSalt::everyone) continue;
    ++at;
    forget(node);
  }
}

bool PrefixTree::make_room(std::size_t pages) {
  forget_while([&] { return pool_.pages_free() < pages; });
  return pool_.pages_free() >= pages;
}

void PrefixTree::keep_at_most(std::size_t pages) {
  if (nodes_.size() <= pages) return;
  const auto kept = static_cast<std::size_t>(std::ranges::count_if(nodes_, [&](const Node& node) {
    return pool_.references(node.page) == 1 && node.salt.tenant != PrefixSalt::everyone;
  }));
  if (kept <= pages) return;
  // Each one that is forgotten is one more free page.
  const std::size_t wanted = pool_.pages_free() + (kept - pages);
  forget_while([&] { return pool_.pages_free() < wanted; });
}

void PrefixTree::clear() {
  // The end of the list has no children: they would be further back.
  while (!nodes_.empty()) forget(nodes_.back());
}

}  // namespace croft

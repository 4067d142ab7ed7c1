#pragma once
/// Memory for keys and values, in pages that sequences take as they grow and share where they begin
/// alike.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/tensor_type.h"
#include "kernels/kv_blocks.h"
#include "model/config.h"

namespace croft {

struct KvPoolOptions {
  TensorType type = TensorType::F16;  ///< what kv_form makes of it is stored
  std::size_t positions = 0;          ///< room in all, rounded up to pages
};

using KvPageId = std::uint32_t;

/// A page holds kv_block_positions positions of all layers, counted by its references. Memory is
/// backed by the system when a page is first written; a free page keeps it for the next taker until
/// trim(). Threads: one at a time.
class KvPool {
 public:
  /// Bytes of a page, or nothing where they exceed 64 bits.
  static std::optional<std::uint64_t> page_bytes_of(const ModelConfig& config, TensorType type);

  /// Errors: TooLarge (the pool exceeds the memory that is free: both numbers named); Unsupported
  /// (Q8_0 with heads that are no whole number of blocks).
  static Result<KvPool> create(const ModelConfig& config, const KvPoolOptions& options);
  KvPool(KvPool&& other) noexcept;
  KvPool& operator=(KvPool&& other) noexcept;
  ~KvPool();

  /// A page with one reference, contents left over; nothing when all are taken.
  [[nodiscard]] std::optional<KvPageId> take();
  /// Adds a reference.
  void share(KvPageId page);
  /// Drops a reference; the last one frees the page.
  void give_back(KvPageId page);
  /// Returns the memory of free pages to the system.
  void trim();

  [[nodiscard]] std::byte* data(KvPageId page) const { return data_ + page * page_bytes_; }
  [[nodiscard]] std::uint32_t references(KvPageId page) const { return pages_[page].references; }
  /// Where a layer's part of every page begins.
  [[nodiscard]] std::size_t layer_offset(std::size_t layer) const {
    return layer * layout_.page_bytes();
  }
  [[nodiscard]] const KvLayout& layout() const { return layout_; }
  [[nodiscard]] std::size_t page_bytes() const { return page_bytes_; }
  [[nodiscard]] std::size_t pages_total() const { return pages_.size(); }
  [[nodiscard]] std::size_t pages_free() const { return free_.size(); }
  /// Pages that the system backs with memory, in use or not.
  [[nodiscard]] std::size_t pages_resident() const { return resident_; }
  [[nodiscard]] std::size_t bytes() const { return pages_.size() * page_bytes_; }

 private:
  KvPool() = default;

  struct Page {
    std::uint32_t references = 0;
    bool resident = false;
  };

  KvLayout layout_;
  std::size_t page_bytes_ = 0;
  std::vector<Page> pages_;
  std::vector<KvPageId> free_;  ///< the last one is taken next: its memory is the warmest
  std::size_t resident_ = 0;
  std::byte* data_ = nullptr;
};

/// The pages of one sequence, in order. Holds a reference to each.
class KvTable {
 public:
  /// The pool outlives the table.
  explicit KvTable(KvPool& pool) : pool_(&pool) {}
  KvTable(KvTable&& other) noexcept;
  KvTable& operator=(KvTable&& other) noexcept;
  ~KvTable() { clear(); }

  /// Takes pages until `positions` fit. False when the pool has too few free ones: none is taken.
  [[nodiscard]] bool reserve(std::size_t positions);
  /// Appends a page that others hold as well. Requires: all before are full, so is this one.
  void append_shared(KvPageId page);
  /// Gives back what positions from `positions` on took.
  void truncate(std::size_t positions);
  void clear() { truncate(0); }

  [[nodiscard]] std::size_t capacity() const { return ids_.size() * kv_block_positions; }
  [[nodiscard]] std::span<const KvPageId> ids() const { return ids_; }
  [[nodiscard]] KvPages layer(std::size_t layer) const {
    return {pages_.data(), pool_->layer_offset(layer)};
  }

 private:
  KvPool* pool_;
  std::vector<KvPageId> ids_;
  std::vector<std::byte*> pages_;
};

}  // namespace croft

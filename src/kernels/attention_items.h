#pragma once
/// What attention and its storage hand to the kernels of an instruction set.

#include <cstddef>
#include <cstdint>

#include "kernels/attention.h"

namespace croft {

/// Consecutive positions of one head to store, all in one block.
struct KvStoreItem {
  KvLayout layout;
  std::byte* block = nullptr;
  std::size_t position = 0;  ///< of the first, in the block
  std::size_t count = 0;
  const float* keys = nullptr;  ///< of the head at the first position
  const float* values = nullptr;
  std::size_t key_stride = 0;  ///< floats between positions
  std::size_t value_stride = 0;
};

/// One unit of work: the query heads of consecutive rows of a sequence that read one kv head.
/// Query i is head i % heads of row i / heads.
struct AttentionItem {
  KvLayout layout;
  const AttentionRow* rows = nullptr;
  std::size_t row_count = 0;
  std::size_t heads = 0;
  const float* q = nullptr;  ///< the first row's first of these heads
  float* out = nullptr;
  std::size_t q_stride = 0;  ///< floats between rows
  std::size_t out_stride = 0;
  KvPages kv;  ///< with the offset of the kv head
  float scale = 1.0f;
  float softcap = 0.0f;
  std::byte* memory = nullptr;  ///< AttentionMemory{...}.bytes(), aligned to 64
};

/// The working memory of an item: offsets into it.
struct AttentionMemory {
  std::size_t queries = 0;
  std::size_t size = 0;  ///< padded head size

  /// Queries that may pass together in any kernel.
  static constexpr std::size_t tile_max = 8;

  [[nodiscard]] constexpr std::size_t padded() const { return (queries + 15) / 16 * 16; }
  /// int16 [queries][size]
  [[nodiscard]] constexpr std::size_t quants() const { return 0; }
  /// float [queries][size]
  [[nodiscard]] constexpr std::size_t sums() const { return padded() * size * 2; }
  /// float [queries] each: what turns an integer score into log2 of a weight; the largest score so
  /// far; the sum of weights.
  [[nodiscard]] constexpr std::size_t factors() const { return sums() + padded() * size * 4; }
  [[nodiscard]] constexpr std::size_t maxima() const { return factors() + padded() * 4; }
  [[nodiscard]] constexpr std::size_t totals() const { return maxima() + padded() * 4; }
  /// float [tile_max][64]
  [[nodiscard]] constexpr std::size_t scores() const { return totals() + padded() * 4; }
  /// int16 [tile_max][64]
  [[nodiscard]] constexpr std::size_t weights() const {
    return scores() + tile_max * kv_block_positions * 4;
  }
  /// float [size]: a head that is no multiple of 16
  [[nodiscard]] constexpr std::size_t head() const {
    return weights() + tile_max * kv_block_positions * 2;
  }
  /// int32 [tile_max][64 or size, the larger]
  [[nodiscard]] constexpr std::size_t products() const { return head() + size * 4; }
  /// The two matrices of a block, widened from 8 bits.
  [[nodiscard]] constexpr std::size_t block() const {
    return products() + tile_max * (size > kv_block_positions ? size : kv_block_positions) * 4;
  }
  [[nodiscard]] constexpr std::size_t bytes() const {
    return block() + kv_block_positions * size * 4;
  }
};

}  // namespace croft

#pragma once
/// Keys and values from outside: whether attention may read them.

#include <cstddef>
#include <span>

#include "kernels/kv_blocks.h"

namespace croft {

/// Whether a block (layout.block_bytes() of one head) keeps the bounds that make attention's sums
/// exact: norms of keys, whole factors, finite scales. A stored block does; bytes of a file may
/// not.
[[nodiscard]] bool is_sound_kv_block(const KvLayout& layout, std::span<const std::byte> block);

}  // namespace croft

#pragma once
/// Brings a model's matrices into the layout that the kernels want.

#include <functional>
#include <span>
#include <vector>

#include "base/anonymous_memory.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "model/weights.h"

namespace croft {

struct PackedWeights {
  AnonymousMemory memory;  ///< the matrices view into it
};

/// Called now and then, the last time with done == total, with the bytes done and those there are.
using PackProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// The matrices that products read, whose type has a packed layout and which are not packed yet,
/// each once: a tied embedding is the output.
[[nodiscard]] std::vector<PackedMatrix*> matrices_to_pack(ModelWeights& weights);

/// Packs one of them into `out`, which has its size, and drops its source's pages on the way.
void pack_matrix(const PackedMatrix& matrix, std::span<std::byte> out, ThreadPool& pool,
                 bool drop_source, const std::function<void(std::size_t bytes)>& done = nullptr);

/// Packs every matrix that products read and whose type has a packed layout; matrices that only
/// rows are looked up in stay where they are. `weights` then views the returned memory, so keep it
/// as long.
///
/// Memory: the packed bytes, and at most a few MiB of the file at a time: pages of `weights`'
/// source are dropped as they are used. With drop_source false they stay (a source that is no
/// file's mapping). Errors: TooLarge (no memory).
Result<PackedWeights> pack_weights(ModelWeights& weights, ThreadPool& pool, bool drop_source,
                                   const PackProgress& progress = nullptr);

}  // namespace croft

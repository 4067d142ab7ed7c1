#pragma once
/// Keys and values of past positions, for a fixed number of sequences ("slots").

#include <cstddef>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/tensor_type.h"
#include "kernels/kv_blocks.h"
#include "model/config.h"

namespace croft {

struct KvCacheOptions {
  TensorType type = TensorType::F16;  ///< what kv_form makes of it is stored
  std::size_t slots = 1;
  std::size_t context = 0;  ///< positions per slot
};

/// One address range per cache; the system backs a page when it is first written, so memory grows
/// with use.
class KvCache {
 public:
  /// Errors: TooLarge (the whole cache exceeds this machine's memory: both numbers named);
  /// Unsupported (Q8_0 with heads that are no whole number of blocks).
  static Result<KvCache> create(const ModelConfig& config, const KvCacheOptions& options);
  KvCache(KvCache&& other) noexcept;
  KvCache& operator=(KvCache&& other) noexcept;
  ~KvCache();

  /// The keys and values of one slot in one layer, in layout(): room for context() positions.
  [[nodiscard]] std::byte* blocks(std::size_t slot, std::size_t layer) const;
  [[nodiscard]] const KvLayout& layout() const { return layout_; }
  /// Gives the slot's memory back to the system. Its contents are gone.
  void release(std::size_t slot);

  [[nodiscard]] std::size_t context() const { return options_.context; }
  [[nodiscard]] std::size_t slots() const { return options_.slots; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Bytes that one position takes over all layers.
  [[nodiscard]] std::size_t bytes_per_position() const {
    return blocks_bytes_ * layers_ / options_.context;
  }

 private:
  KvCache() = default;

  KvCacheOptions options_;
  std::size_t layers_ = 0;
  KvLayout layout_;
  std::size_t blocks_bytes_ = 0;  ///< of one slot in one layer
  std::size_t bytes_ = 0;
  std::byte* data_ = nullptr;
};

}  // namespace croft

#include "model/kv_cache.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/check.h"
#include "base/checked.h"
#include "base/limits.h"

namespace croft {
namespace {

std::uint64_t physical_memory_bytes() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes / limits::MiB) + " MiB";
}

}  // namespace

Result<KvCache> KvCache::create(const ModelConfig& config, const KvCacheOptions& options) {
  CHECK(options.slots > 0 && options.context > 0);
  if (traits(options.type).block_size > 1 &&
      (options.type != TensorType::Q8_0 || config.head_size % 32 != 0)) {
    return fail(ErrorCode::Unsupported,
                "a " + std::string(traits(options.type).name) +
                    " cache needs heads of a multiple of 32, this model has " +
                    std::to_string(config.head_size),
                "Use --kv-type f16.", "kv_type");
  }
  KvCache cache;
  cache.options_ = options;
  cache.layers_ = config.layer_count;
  cache.layout_ = {kv_form(options.type), config.kv_head_count, config.head_size};
  const std::uint64_t block_rows =
      options.context / kv_block_positions + (options.context % kv_block_positions == 0 ? 0 : 1);
  auto total = checked_mul<std::uint64_t>(cache.layout_.stride(), block_rows);
  cache.blocks_bytes_ = total.value_or(0);
  if (total) total = checked_mul<std::uint64_t>(*total, cache.layers_);
  if (total) total = checked_mul<std::uint64_t>(*total, options.slots);
  const std::uint64_t memory = physical_memory_bytes();
  if (!total || *total > memory) {
    return fail(ErrorCode::TooLarge,
                "the cache for " + std::to_string(options.slots) + " sequences of " +
                    std::to_string(options.context) + " tokens needs " +
                    (total ? mebibytes(*total) : "more than 2^64 bytes") + "; this machine has " +
                    mebibytes(memory),
                "Lower --context or --parallel, or use --kv-type q8_0.", "context");
  }
  cache.bytes_ = *total;
  void* mapped = mmap(nullptr, cache.bytes_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    return fail(ErrorCode::TooLarge,
                "the system refused " + mebibytes(cache.bytes_) + " for the cache",
                "Lower --context or --parallel.", "context");
  }
  cache.data_ = static_cast<std::byte*>(mapped);
  return cache;
}

KvCache::KvCache(KvCache&& other) noexcept
    : options_(other.options_),
      layers_(other.layers_),
      layout_(other.layout_),
      blocks_bytes_(other.blocks_bytes_),
      bytes_(other.bytes_),
      data_(std::exchange(other.data_, nullptr)) {}

KvCache& KvCache::operator=(KvCache&& other) noexcept {
  std::swap(options_, other.options_);
  std::swap(layers_, other.layers_);
  std::swap(layout_, other.layout_);
  std::swap(blocks_bytes_, other.blocks_bytes_);
  std::swap(bytes_, other.bytes_);
  std::swap(data_, other.data_);
  return *this;
}

KvCache::~KvCache() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

std::byte* KvCache::blocks(std::size_t slot, std::size_t layer) const {
  DCHECK(slot < options_.slots && layer < layers_);
  return data_ + (slot * layers_ + layer) * blocks_bytes_;
}

void KvCache::release(std::size_t slot) {
  // Whole pages inside the slot only: its neighbours may share the pages at both ends.
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t size = layers_ * blocks_bytes_;
  const std::size_t begin = (slot * size + page - 1) / page * page;
  const std::size_t end = (slot + 1) * size / page * page;
  if (begin < end) madvise(data_ + begin, end - begin, MADV_DONTNEED);
}

}  // namespace croft

#include "model/kv_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/check.h"
#include "base/checked.h"
#include "base/limits.h"
#include "base/machine_memory.h"

namespace croft {
namespace {

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes / limits::MiB) + " MiB";
}

}  // namespace

std::optional<std::uint64_t> KvPool::page_bytes_of(const ModelConfig& config, TensorType type) {
  const KvLayout layout{kv_form(type), config.kv_head_count, config.head_size};
  const auto bytes = checked_mul<std::uint64_t>(layout.page_bytes(), config.layer_count);
  // Whole pages of the system: the memory of a free page can be returned without its neighbours'.
  const auto system_page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  if (!bytes || *bytes > ~std::uint64_t{0} - system_page) return std::nullopt;
  return (*bytes + system_page - 1) / system_page * system_page;
}

Result<KvPool> KvPool::create(const ModelConfig& config, const KvPoolOptions& options) {
  CHECK(options.positions > 0);
  if (traits(options.type).block_size > 1 &&
      (options.type != TensorType::Q8_0 || config.head_size % 32 != 0)) {
    return fail(ErrorCode::Unsupported,
                "a " + std::string(traits(options.type).name) +
                    " cache needs heads of a multiple of 32, this model has " +
                    std::to_string(config.head_size),
                "Use --kv-type f16.", "kv_type");
  }
  KvPool pool;
  pool.layout_ = {kv_form(options.type), config.kv_head_count, config.head_size};
  const auto page_bytes = page_bytes_of(config, options.type);
  const std::uint64_t pages = kv_page_count(options.positions);
  auto total = page_bytes;
  if (page_bytes) total = checked_mul<std::uint64_t>(*page_bytes, pages);
  const std::uint64_t memory = machine_memory().available;
  if (!total || *total > memory) {
    return fail(ErrorCode::TooLarge,
                "the cache for " + std::to_string(options.positions) + " tokens needs " +
                    (total ? mebibytes(*total) : "more than 2^64 bytes") + "; this machine has " +
                    mebibytes(memory) + " free",
                "Lower --context or --parallel, or use --kv-type q8_0.", "context");
  }
  void* mapped = mmap(nullptr, *total, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    return fail(ErrorCode::TooLarge, "the system refused " + mebibytes(*total) + " for the cache",
                "Lower --context or --parallel.", "context");
  }
  // A wish: a prompt writes many pages in a row, and each small one would be a fault of its own.
  static_cast<void>(madvise(mapped, *total, MADV_HUGEPAGE));
  pool.data_ = static_cast<std::byte*>(mapped);
  pool.page_bytes_ = *page_bytes;
  pool.pages_.resize(pages);
  pool.free_.reserve(pages);
  for (std::size_t page = pages; page > 0; --page)
    pool.free_.push_back(static_cast<KvPageId>(page - 1));
  return pool;
}

KvPool::KvPool(KvPool&& other) noexcept
    : layout_(other.layout_),
      page_bytes_(other.page_bytes_),
      pages_(std::move(other.pages_)),
      free_(std::move(other.free_)),
      resident_(other.resident_),
      data_(std::exchange(other.data_, nullptr)) {}

KvPool& KvPool::operator=(KvPool&& other) noexcept {
  std::swap(layout_, other.layout_);
  std::swap(page_bytes_, other.page_bytes_);
  std::swap(pages_, other.pages_);
  std::swap(free_, other.free_);
  std::swap(resident_, other.resident_);
  std::swap(data_, other.data_);
  return *this;
}

KvPool::~KvPool() {
  if (data_ != nullptr) munmap(data_, bytes());
}

std::optional<KvPageId> KvPool::take() {
  if (free_.empty()) return std::nullopt;
  const KvPageId id = free_.back();
  free_.pop_back();
  Page& page = pages_[id];
  CHECK(page.references == 0);
  page.references = 1;
  if (!page.resident) ++resident_;
  page.resident = true;
  return id;
}

void KvPool::share(KvPageId page) {
  CHECK(page < pages_.size() && pages_[page].references > 0);
  ++pages_[page].references;
}

void KvPool::give_back(KvPageId page) {
  CHECK(page < pages_.size() && pages_[page].references > 0);
  if (--pages_[page].references == 0) free_.push_back(page);
}

void KvPool::trim() {
  for (const KvPageId id : free_) {
    if (!pages_[id].resident) continue;
    // A refusal leaves the memory where it is, and the page as good as before.
    if (madvise(data(id), page_bytes_, MADV_DONTNEED) != 0) continue;
    pages_[id].resident = false;
    --resident_;
  }
}

KvTable::KvTable(KvTable&& other) noexcept
    : pool_(other.pool_), ids_(std::move(other.ids_)), pages_(std::move(other.pages_)) {
  other.ids_.clear();
  other.pages_.clear();
}

KvTable& KvTable::operator=(KvTable&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(ids_, other.ids_);
  std::swap(pages_, other.pages_);
  return *this;
}

bool KvTable::reserve(std::size_t positions) {
  const std::size_t wanted = kv_page_count(positions);
  if (wanted <= ids_.size()) return true;
  if (wanted - ids_.size() > pool_->pages_free()) return false;
  while (ids_.size() < wanted) {
    const auto page = pool_->take();
    CHECK(page.has_value());
    ids_.push_back(*page);
    pages_.push_back(pool_->data(*page));
  }
  return true;
}

void KvTable::append_shared(KvPageId page) {
  pool_->share(page);
  ids_.push_back(page);
  pages_.push_back(pool_->data(page));
}

void KvTable::truncate(std::size_t positions) {
  while (ids_.size() > kv_page_count(positions)) {
    pool_->give_back(ids_.back());
    ids_.pop_back();
    pages_.pop_back();
  }
}

}  // namespace croft

#include "base/anonymous_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/machine_memory.h"

namespace croft {

Result<AnonymousMemory> AnonymousMemory::create(std::size_t size, const char* purpose) {
  AnonymousMemory memory;
  if (size == 0) return memory;
  // The system promises more than it has and ends somebody when the promise is called in: ask
  // first.
  const MachineMemory machine = machine_memory();
  void* data = MAP_FAILED;
  if (size <= machine.available)
    data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return fail(ErrorCode::TooLarge,
                "there is no memory for " + std::string(purpose) + ": " +
                    std::to_string(size / limits::MiB) + " MiB are needed, " +
                    std::to_string(machine.available / limits::MiB) + " of " +
                    std::to_string(machine.total / limits::MiB) + " MiB are free",
                "Use a smaller model or quantization, or end other programs.");
  // A wish: without large pages every product walks the page table once per 4 KiB of weights.
  static_cast<void>(::madvise(data, size, MADV_HUGEPAGE));
  memory.data_ = static_cast<std::byte*>(data);
  memory.size_ = size;
  return memory;
}

AnonymousMemory::AnonymousMemory(AnonymousMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

AnonymousMemory& AnonymousMemory::operator=(AnonymousMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AnonymousMemory::~AnonymousMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void drop_mapped_pages(std::span<const std::byte> bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + bytes.size()) / page * page;
  if (first >= last) return;
  // A wish as well: a page that stays only costs memory that the system may take back itself.
  static_cast<void>(::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED));
}

}  // namespace croft

#include "kernels/machine_peak.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>

#include "base/check.h"
#include "kernels/peak/probes.h"

namespace croft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
/// What a thread reads between two looks at the clock: about 50 microseconds.
constexpr std::size_t read_chunk_bytes = mebibyte;
/// Rounds between two looks at the clock: 10 to 100 microseconds.
constexpr std::size_t arithmetic_rounds = 10'000;

const PeakProbes& probes_of(Isa isa) {
  switch (isa) {
    case Isa::Portable:
      return portable_probes();
    case Isa::Avx2:
      return avx2_probes();
    case Isa::Avx512:
      return avx512_probes();
    case Isa::Avx512Vnni:
    case Isa::Amx:  // its tiles have probes of their own
      return avx512vnni_probes();
    case Isa::Neon:
      return neon_probes();
    case Isa::NeonI8mm:
      return neon_i8mm_probes();
  }
  return portable_probes();
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Lets all threads call work() until the time is up and returns the best rate of all repeats.
/// `work` returns how much it did.
template <typename Work>
double best_rate(ThreadPool& pool, const ProbeOptions& options, const Work& work) {
  double best = 0.0;
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    std::atomic<double> done{0.0};
    const Clock::time_point start = Clock::now();
    pool.run([&](std::size_t) {
      double own = 0.0;
      do own += work();
      while (seconds_since(start) < options.seconds_each);
      done.fetch_add(own);
    });
    best = std::max(best, done.load() / seconds_since(start));
  }
  return best;
}

/// Zero pages are one page until written: every page gets a byte of its own.
struct Buffer {
  std::byte* data = nullptr;
  std::size_t bytes = 0;

  explicit Buffer(std::size_t wanted) {
    void* mapped =
        mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return;
    data = static_cast<std::byte*>(mapped);
    bytes = wanted;
#if defined(MADV_HUGEPAGE)
    madvise(mapped, wanted, MADV_HUGEPAGE);  // a wish: the limit is memory, not address translation
#endif
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (data != nullptr) munmap(data, bytes);
  }
};

}  // namespace

std::string_view arithmetic_kind_name(ArithmeticKind kind) {
  switch (kind) {
    case ArithmeticKind::F32:
      return "f32";
    case ArithmeticKind::Int8Widened:
      return "int8 widened";
    case ArithmeticKind::Int8Dot:
      return "int8 dot";
    case ArithmeticKind::Int8Tiles:
      return "int8 tiles";
    case ArithmeticKind::Bf16Tiles:
      return "bf16 tiles";
  }
  return "unknown";
}

std::vector<ArithmeticPeak> measure_arithmetic(Isa isa, ThreadPool& pool,
                                               const ProbeOptions& options) {
  const auto own = probes_of(isa).arithmetic;
  std::vector<ArithmeticProbe> probes(own.begin(), own.end());
  if (isa == best_isa() && has_matrix_tiles()) {
    const auto tiles = tile_probes();
    probes.insert(probes.end(), tiles.begin(), tiles.end());
  }
  std::atomic<double> sink{0.0};
  std::vector<ArithmeticPeak> peaks;
  for (const ArithmeticProbe& probe : probes) {
    const double rate = best_rate(pool, options, [&] {
      const ProbeWork work = probe.run(arithmetic_rounds);
      sink.store(work.checksum, std::memory_order_relaxed);
      return work.operations;
    });
    peaks.push_back({probe.kind, rate / 1e9});
  }
  std::ranges::sort(peaks, std::ranges::greater(), &ArithmeticPeak::gops);
  return peaks;
}

Result<double> measure_read_bandwidth(std::size_t bytes, Isa isa, ThreadPool& pool,
                                      const ProbeOptions& options) {
  CHECK(bytes > 0);
  const std::size_t chunks = (bytes + read_chunk_bytes - 1) / read_chunk_bytes;
  const Buffer buffer(chunks * read_chunk_bytes);
  if (buffer.data == nullptr)
    return fail(ErrorCode::TooLarge,
                "no memory for a buffer of " + std::to_string(bytes / mebibyte) +
                    " MiB to measure the read bandwidth with",
                "Close other programs.");
  const auto read = probes_of(isa).read;
  pool.parallel_for(chunks, 1, [&](std::size_t first, std::size_t end) {
    std::memset(buffer.data + first * read_chunk_bytes, 1, (end - first) * read_chunk_bytes);
  });
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> sink{0};
  // In turn over the whole buffer: what a cache keeps is gone before its turn comes again.
  const double rate = best_rate(pool, options, [&] {
    const std::size_t chunk = next.fetch_add(1, std::memory_order_relaxed) % chunks;
    sink.store(read(buffer.data + chunk * read_chunk_bytes, read_chunk_bytes),
               std::memory_order_relaxed);
    return static_cast<double>(read_chunk_bytes);
  });
  return rate / 1e9;
}

std::optional<std::size_t> last_level_cache_bytes() {
#if defined(_SC_LEVEL3_CACHE_SIZE)
  for (const int level : {_SC_LEVEL3_CACHE_SIZE, _SC_LEVEL2_CACHE_SIZE})
    if (const long size = sysconf(level); size > 0) return static_cast<std::size_t>(size);
#endif
  return std::nullopt;
}

std::size_t uncached_buffer_bytes() {
  return std::clamp(2 * last_level_cache_bytes().value_or(0), 256 * mebibyte, 1024 * mebibyte);
}

}  // namespace croft

// Measures attention of one layer: croft_attention_bench [instruction set, or all] [threads] [form]
//
// Decoding: one token of one sequence, and of 16, at several contexts; a prompt: 512 tokens over
// 512 positions, causal. Every layer of a model has keys and values of its own: as many layers take
// turns as the default model has (30), up to 64 MiB. Figures are microseconds per layer, the best
// of several rounds: processor time with one thread, time on the wall with more.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/attention.h"

namespace croft {
namespace {

struct Shape {
  const char* name;
  std::size_t heads;
  std::size_t kv_heads;
  std::size_t size;
};
constexpr Shape shapes[] = {{"SmolLM2-135M", 9, 3, 64},
                            {"Qwen2.5-0.5B", 14, 2, 64},
                            {"Qwen2.5-1.5B", 12, 2, 128},
                            {"Gemma 3 270M", 4, 1, 256}};

struct Load {
  std::size_t sequences;
  std::size_t tokens;     ///< of each sequence
  std::size_t positions;  ///< seen by the last token
};
constexpr Load loads[] = {{1, 1, 128},  {1, 1, 512},  {1, 1, 4096}, {16, 1, 128},
                          {16, 1, 300}, {16, 1, 512}, {1, 512, 512}};

/// What neighbours do on the machine counts for little in this thread's processor time.
double now_seconds(std::size_t threads) {
  timespec now{};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::vector<float> random_floats(std::size_t count, std::mt19937& random) {
  std::vector<float> out(count);
  for (float& value : out) value = static_cast<float>(random() >> 8) * 0x1p-23f - 1.0f;
  return out;
}

struct Times {
  double attention_us = 0.0;
  double store_us = 0.0;
};

Times measure(const Shape& shape, KvForm form, const Load& load, Isa isa, ThreadPool& pool) {
  const KvLayout layout{form, shape.kv_heads, shape.size};
  const AttentionOptions options{shape.heads, layout, 0.125f, 0.0f};
  const std::size_t sequence_bytes = kv_page_count(load.positions) * layout.page_bytes();
  const std::size_t layer_bytes = sequence_bytes * load.sequences;
  const std::size_t layers = std::clamp<std::size_t>((std::size_t{64} << 20) / layer_bytes, 1, 30);
  std::unique_ptr<std::byte[]> memory(new std::byte[layers * layer_bytes + 64]{});
  std::byte* base = memory.get();
  base += -reinterpret_cast<std::uintptr_t>(base) % 64;
  std::mt19937 random(1);
  const std::size_t kv_width = shape.kv_heads * shape.size;
  const std::vector<float> kv = random_floats((load.positions + 1) * kv_width, random);
  const MatrixView<const float> keys(kv.data(), load.positions, kv_width);
  const MatrixView<const float> values(kv.data() + kv_width, load.positions, kv_width);
  std::vector<std::byte*> pages;
  for (std::size_t at = 0; at < layers * layer_bytes; at += layout.page_bytes())
    pages.push_back(base + at);
  const auto blocks = [&](std::size_t layer, std::size_t sequence) {
    return KvPages{
        pages.data() + (layer * load.sequences + sequence) * kv_page_count(load.positions), 0};
  };
  Times best{1e9, 1e9};
  for (std::size_t l = 0; l < layers; ++l)
    for (std::size_t s = 0; s < load.sequences; ++s) {
      const KvRun run{blocks(l, s), 0, 0, load.positions};
      const double start = now_seconds(pool.size());
      store_kv(layout, {&run, 1}, keys, values, isa, pool);
      best.store_us = std::min(best.store_us, (now_seconds(pool.size()) - start) * 1e6);
    }
  const std::size_t rows_count = load.sequences * load.tokens;
  const std::size_t width = shape.heads * shape.size;
  const std::vector<float> q = random_floats(rows_count * width, random);
  std::vector<float> out(q.size());
  std::vector<AttentionRow> rows(rows_count);
  const int rounds = load.tokens > 1 ? 4 : 20;
  for (int round = 0; round < rounds; ++round) {
    double seconds = 0.0;
    for (std::size_t l = 0; l < layers; ++l) {
      for (std::size_t r = 0; r < rows_count; ++r)
        rows[r] = {blocks(l, r / load.tokens), 0, load.positions - load.tokens + r % load.tokens};
      const double start = now_seconds(pool.size());
      attention(rows, {q.data(), rows_count, width}, {out.data(), rows_count, width}, options, isa,
                pool);
      seconds += now_seconds(pool.size()) - start;
    }
    best.attention_us = std::min(best.attention_us, seconds * 1e6 / static_cast<double>(layers));
  }
  return best;
}

void run(std::string_view only_isa, std::size_t threads, std::string_view only_form) {
  ThreadPool pool(threads);
  for (const Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512, Isa::Avx512Vnni}) {
    if (only_isa != "all" && only_isa != isa_name(isa)) continue;
    if (!cpu_supports(isa)) {
      std::printf("%s: this processor lacks it\n", std::string(isa_name(isa)).c_str());
      continue;
    }
    for (const Shape& shape : shapes)
      for (const Load& load : loads) {
        std::printf(
            "%-10s %s, %2zu x %3zu tokens over %4zu positions:", std::string(isa_name(isa)).c_str(),
            shape.name, load.sequences, load.tokens, load.positions);
        for (const KvForm form : {KvForm::Bits16, KvForm::Bits8}) {
          const char* name = form == KvForm::Bits16 ? "16 bits" : "8 bits";
          if (only_form != "all" && only_form != name) continue;
          const Times times = measure(shape, form, load, isa, pool);
          std::printf("  %s %7.1f us", name, times.attention_us);
          if (load.tokens > 1) std::printf(" (storing %5.1f)", times.store_us);
        }
        std::printf("\n");
      }
  }
}

}  // namespace
}  // namespace croft

int main(int argc, char** argv) {
  croft::run(argc > 1 ? argv[1] : "all", argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1,
             argc > 3 ? argv[3] : "all");
  return 0;
}

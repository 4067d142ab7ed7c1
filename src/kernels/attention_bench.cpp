// Measures attention over a cache, of one token and of the last 256 tokens of a prompt:
//   croft_attention_bench [instruction set, or all] [type, or all] [threads]
//
// Shapes are SmolLM2-135M's (9 heads, 3 of keys and values, 64 elements) and Gemma 3 270M's (4, 1,
// 256), with 8 layers that have a cache of their own each, so that the second-level cache does not
// hold them all. Figures are microseconds per layer, the best of several rounds: processor time
// with one thread, time on the wall with more.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/attention.h"

namespace croft {
namespace {

constexpr std::size_t layer_count = 8;
constexpr int rounds = 40;

struct Shape {
  const char* name;
  AttentionOptions options;
};
constexpr Shape shapes[] = {{"SmolLM2-135M", {9, 3, 64, 0.125f, 0.0f}},
                            {"Gemma 3 270M", {4, 1, 256, 0.0625f, 0.0f}}};

struct Load {
  std::size_t positions;
  std::size_t tokens;
};
constexpr Load loads[] = {{1024, 1}, {4096, 1}, {1024, 256}};

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

struct Layer {
  std::vector<std::byte> keys;
  std::vector<std::byte> values;
};

/// The rows repeat with a period of 61: filling the cache must not outlast the measurement.
Layer random_layer(TensorType type, std::size_t positions, std::size_t width,
                   std::mt19937& random) {
  const auto bytes = static_cast<std::size_t>(*row_bytes(type, width));
  Layer layer;
  for (std::vector<std::byte>* part : {&layer.keys, &layer.values}) {
    part->resize(positions * bytes);
    for (std::size_t p = 0; p < std::min<std::size_t>(61, positions); ++p)
      store_kv_row(type, random_floats(width, random), part->data() + p * bytes);
    for (std::size_t at = 61 * bytes; at < part->size(); ++at)
      (*part)[at] = (*part)[at - 61 * bytes];
  }
  return layer;
}

double measure(const Shape& shape, TensorType type, std::size_t positions, std::size_t tokens,
               Isa isa, ThreadPool& pool) {
  std::mt19937 random(1);
  const AttentionOptions& o = shape.options;
  const std::size_t width = o.kv_head_count * o.head_size;
  const auto bytes = static_cast<std::size_t>(*row_bytes(type, width));
  std::vector<Layer> layers;
  for (std::size_t l = 0; l < layer_count; ++l)
    layers.push_back(random_layer(type, positions, width, random));
  const std::vector<float> q = random_floats(tokens * o.head_count * o.head_size, random);
  std::vector<float> out(q.size());
  double best = 1e9;
  for (int round = 0; round < (tokens == 1 ? rounds : 3); ++round) {
    const double start = now_seconds(pool.size());
    for (const Layer& layer : layers) {
      std::vector<AttentionRow> rows;
      for (std::size_t t = 0; t < tokens; ++t)
        rows.push_back(
            {{type, layer.keys.data(), layer.values.data(), bytes}, 0, positions - tokens + t});
      attention(rows, {q.data(), tokens, q.size() / tokens},
                {out.data(), tokens, q.size() / tokens}, o, isa, pool);
    }
    best = std::min(best, (now_seconds(pool.size()) - start) / static_cast<double>(layer_count));
  }
  return best * 1e6;
}

void run(std::string_view only_isa, std::string_view only_type, std::size_t threads) {
  ThreadPool pool(threads);
  for (const Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512, Isa::Avx512Vnni}) {
    if (only_isa != "all" && only_isa != isa_name(isa)) continue;
    if (!cpu_supports(isa)) {
      std::printf("%s: this processor lacks it\n", std::string(isa_name(isa)).c_str());
      continue;
    }
    for (const Shape& shape : shapes)
      for (const auto [positions, tokens] : loads) {
        std::printf("%-10s %s %3zu tokens over %4zu positions:", std::string(isa_name(isa)).c_str(),
                    shape.name, tokens, positions);
        for (const TensorType type : {TensorType::F32, TensorType::F16, TensorType::Q8_0})
          if (only_type == "all" || only_type == traits(type).name)
            std::printf("  %s %7.1f us", std::string(traits(type).name).c_str(),
                        measure(shape, type, positions, tokens, isa, pool));
        std::printf("\n");
      }
  }
}

}  // namespace
}  // namespace croft

int main(int argc, char** argv) {
  croft::run(argc > 1 ? argv[1] : "all", argc > 2 ? argv[2] : "all",
             argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 1);
  return 0;
}

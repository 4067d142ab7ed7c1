// Measures the matrix products of a small model: croft_kernels_bench [threads] [type]
//
// Shapes are SmolLM2-135M's: 30 layers of attention and feed-forward matrices in the type under
// test, and a Q8_0 head of 49152 rows. "decode" is one token through all of them; "prompt" is 512
// tokens through the layers. Weights are random bytes with small scales and every layer has its
// own, so that caches see what they see in earnest. Times are the best of several rounds: other
// work on the machine only ever adds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "kernels/kernel_table.h"
#include "kernels/matrix.h"

namespace croft {
namespace {

struct Shape {
  std::size_t rows;
  std::size_t cols;
};
constexpr std::size_t layer_count = 30;
// K-quants need rows of whole blocks of 256: their variant of the model has 512 and 1536 columns.
constexpr Shape shapes_32[] = {{576, 576},  {192, 576},  {192, 576}, {576, 576},
                               {1536, 576}, {1536, 576}, {576, 1536}};
constexpr Shape shapes_256[] = {{576, 512},  {192, 512},  {192, 512}, {576, 512},
                                {1536, 512}, {1536, 512}, {576, 1536}};
constexpr Shape head_shape = {49152, 576};

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The shortest of `rounds` runs, in seconds.
template <typename Function>
double best_seconds(int rounds, Function function) {
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) {
    const double start = now_seconds();
    function();
    best = std::min(best, now_seconds() - start);
  }
  return best;
}

std::vector<std::unique_ptr<std::byte[]>> kept;

/// Random bytes, except that every 16-bit word is a small binary16: no infinities whatever the
/// format.
PackedMatrix random_matrix(TensorType type, Shape shape, std::mt19937& random) {
  const std::size_t size = shape.rows * static_cast<std::size_t>(*row_bytes(type, shape.cols));
  std::shared_ptr<std::byte[]> bytes(new std::byte[size]);
  for (std::size_t i = 0; i < size; ++i) {
    const auto bits = static_cast<std::uint32_t>(random() >> 24);
    bytes.get()[i] = static_cast<std::byte>(i % 2 == 0 ? bits : 0x3cu | (bits & 3u));
  }
  const PackedMatrix file = PackedMatrix::own(type, shape.rows, shape.cols, bytes);
  if (!can_pack(type, shape.rows, shape.cols)) return file;
  kept.push_back(std::make_unique<std::byte[]>(size + 64));
  void* at = kept.back().get();
  std::size_t space = size + 64;
  std::align(64, size, at, space);
  const std::span packed(static_cast<std::byte*>(at), size);
  pack_rows(file, 0, shape.rows, packed);
  return PackedMatrix::view_packed(type, shape.rows, shape.cols, packed);
}

class Bench {
 public:
  Bench(Isa isa, std::size_t threads)
      : isa_(isa), pool_(threads), x_(512 * 1536), y_(49152 * 8 + 512 * 1536) {
    for (float& value : x_) value = static_cast<float>(random_() >> 8) * 0x1p-24f - 0.5f;
    head_ = random_matrix(TensorType::Q8_0, head_shape, random_);
  }

  /// The product of a panel and inputs that fit the first-level cache, on one thread: the rate to
  /// compare with.
  double measure_peak_gflops() {
    constexpr std::size_t rows = 4, tokens = 6, cols = 512, repeats = 20000;
    const KernelTable& kernels = kernel_table(isa_);
    const double seconds = best_seconds(5, [&] {
      for (std::size_t i = 0; i < repeats; ++i)
        kernels.multiply_panel({x_.data(), rows, cols + 16}, {x_.data() + 8192, tokens, cols + 16},
                               cols, y_.data(), rows);
    });
    peak_gflops_ = 2e-9 * static_cast<double>(rows * tokens * cols * repeats) / seconds;
    return peak_gflops_;
  }

  void measure(TensorType type) {
    const bool whole_256 = traits(type).block_size == 256;
    const std::span<const Shape> shapes = whole_256 ? std::span(shapes_256) : std::span(shapes_32);
    std::vector<PackedMatrix> layers;
    double bytes = 0;
    double weights = 0;
    for (std::size_t layer = 0; layer < layer_count; ++layer)
      for (const Shape& shape : shapes) {
        layers.push_back(random_matrix(type, shape, random_));
        bytes += static_cast<double>(shape.rows * layers.back().bytes_per_row());
        weights += static_cast<double>(shape.rows * shape.cols);
      }
    const double layers_s = best_seconds(20, [&] { multiply(layers, 1); });
    const double head_s = best_seconds(20, [&] { multiply({&head_, 1}, 1); });
    const double few_s = best_seconds(5, [&] { multiply(layers, 4); });
    const double batch_s = best_seconds(5, [&] { multiply(layers, 16); });
    const double prompt_s = best_seconds(5, [&] { multiply(layers, 512); });
    const double gflops = 2e-9 * weights * 512 / prompt_s;
    std::printf(
        "%-7s decode %6.2f ms (%5.1f GB/s) + head %5.2f ms, 4 tokens %6.2f ms, 16 tokens %6.2f ms, "
        "512 tokens %7.1f ms "
        "%6.1f Gflop/s = %3.0f %% of the tile rate\n",
        std::string(traits(type).name).c_str(), layers_s * 1e3, bytes * 1e-9 / layers_s,
        head_s * 1e3, few_s * 1e3, batch_s * 1e3, prompt_s * 1e3, gflops,
        100 * gflops / (peak_gflops_ * static_cast<double>(pool_.size())));
  }

 private:
  void multiply(std::span<const PackedMatrix> matrices, std::size_t tokens) {
    for (const PackedMatrix& matrix : matrices)
      matmul(matrix, {x_.data(), tokens, matrix.cols()}, {y_.data(), tokens, matrix.rows()}, isa_,
             pool_);
  }

  Isa isa_;
  ThreadPool pool_;
  std::mt19937 random_{1};
  std::vector<float> x_;
  std::vector<float> y_;
  PackedMatrix head_;
  double peak_gflops_ = 1.0;
};

int run(int argc, char** argv) {
  const Result<Isa> isa = chosen_isa();
  if (!isa) {
    std::fprintf(stderr, "%s\n", isa.error().to_string().c_str());
    return 2;
  }
  const std::size_t threads = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
  const std::string_view only = argc > 2 ? argv[2] : "";
  Bench bench(*isa, threads);
  std::printf("%s, %s, %.1f Gflop/s per thread in the first-level cache\n",
              cpu_model_name().c_str(), std::string(isa_name(*isa)).c_str(),
              bench.measure_peak_gflops());
  for (const TensorType type :
       {TensorType::F32, TensorType::F16, TensorType::BF16, TensorType::Q8_0, TensorType::Q4_0,
        TensorType::Q4_1, TensorType::Q5_0, TensorType::Q5_1, TensorType::Q2_K, TensorType::Q3_K,
        TensorType::Q4_K, TensorType::Q5_K, TensorType::Q6_K, TensorType::IQ4_NL,
        TensorType::IQ4_XS})
    if (only.empty() || only == traits(type).name) bench.measure(type);
  return 0;
}

}  // namespace
}  // namespace croft

int main(int argc, char** argv) {
  return croft::run(argc, argv);
}

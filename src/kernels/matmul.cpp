// How a product is cut into work: activations are quantized once, threads take chunks of outputs.
#include <algorithm>
#include <atomic>
#include <span>

#include "base/check.h"
#include "kernels/kernel_table.h"
#include "kernels/matrix.h"
#include "kernels/packed_layout.h"
#include "kernels/quantized_rows.h"
#include "kernels/scratch.h"

namespace croft {
namespace {

/// Rows of a panel of unpacked weights (3 strips): chunks of long products are multiples of it.
constexpr std::size_t panel_rows = 48;
/// Rows that are dequantized together where weights stay in the file's layout.
constexpr std::size_t float_panel_rows = 16;
/// Tokens that pass a panel together: their quantized activations stay in a core's L2 (a chunk of
/// 18 blocks takes 64 * 18 bytes a token).
constexpr std::size_t token_block = 1024;
/// Input floats that a block of tokens may hold (1 MiB), for weights in the file's layout.
constexpr std::size_t token_block_floats = 256 * 1024;
/// Chunks of activations to quantize at a time.
constexpr std::size_t quantize_cols = 512;

struct PanelScratch;
struct ActivationScratch;

WeightRows weight_rows(const PackedMatrix& weights, std::size_t first, std::size_t count) {
  return {weights.type(), weights.row_data(first), weights.bytes_per_row(), count, weights.cols()};
}

/// Rows [first, first + count), in the file's layout, times a block of tokens.
void multiply_file_rows(const PackedMatrix& weights, std::size_t first, std::size_t count,
                        MatrixView<const float> x, MatrixView<float> out,
                        const KernelTable& kernels) {
  const std::size_t cols = weights.cols();
  if (x.rows <= few_tokens_max) {
    kernels.multiply_few(weight_rows(weights, first, count), {x.data, x.rows, x.stride},
                         out.data + first, out.stride);
    return;
  }
  // Rows start 64 bytes beyond a whole number of cache lines' worth, so that they do not share
  // cache sets.
  const std::size_t stride = (cols + 15) / 16 * 16 + 16;
  float* panel = thread_scratch<PanelScratch>(float_panel_rows * stride);
  for (std::size_t done = 0; done < count; done += float_panel_rows) {
    const std::size_t height = std::min(float_panel_rows, count - done);
    for (std::size_t r = 0; r < height; ++r)
      kernels.dequantize(weights.type(), weights.row_data(first + done + r), cols,
                         panel + r * stride);
    kernels.multiply_panel({panel, height, stride}, {x.data, x.rows, x.stride}, cols,
                           out.data + first + done, out.stride);
  }
}

/// One call of matmul: what its threads share.
class Work {
 public:
  Work(std::span<const Product> products, MatrixView<const float> x, const KernelTable& kernels,
       ThreadPool& pool, const MatmulOptions& options)
      : products_(products), x_(x), kernels_(kernels), pool_(pool), options_(options) {}

  void run() {
    const bool packed = std::ranges::any_of(
        products_, [](const Product& p) { return p.weights->strip_row_count() != 0; });
    if (packed) quantize();
    count_chunks();
    const auto work = [this](std::size_t) {
      for (;;) {
        const std::size_t chunk = next_.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= chunks_) return;
        run_chunk(chunk);
      }
    };
    if (pool_.size() == 1 || chunks_ == 1) {
      work(0);
    } else {
      pool_.run(work);
    }
  }

 private:
  /// Chunks are small enough that a thread which was held up gives work away, and whole panels
  /// where tokens are many.
  void count_chunks() {
    const std::size_t unit = x_.rows > 16 ? panel_rows : strip_rows;
    std::size_t rows = 0;
    for (const Product& p : products_) rows += p.weights->rows();
    if (options_.together) rows = products_[0].weights->rows();
    const std::size_t units = (rows + unit - 1) / unit;
    chunk_rows_ = std::max<std::size_t>(1, units / (pool_.size() * 6)) * unit;
    for (const Product& p : products_) {
      chunks_ += (p.weights->rows() + chunk_rows_ - 1) / chunk_rows_;
      if (options_.together) break;
    }
  }

  void run_chunk(std::size_t chunk) {
    std::size_t product = 0;
    for (; !options_.together; ++product) {
      const std::size_t own = (products_[product].weights->rows() + chunk_rows_ - 1) / chunk_rows_;
      if (chunk < own) break;
      chunk -= own;
    }
    const std::size_t first = chunk * chunk_rows_;
    const std::size_t count = std::min(chunk_rows_, products_[product].weights->rows() - first);
    const std::size_t last = options_.together ? products_.size() : product + 1;
    for (std::size_t p = product; p < last; ++p) multiply(products_[p], first, count);
    if (options_.done) options_.done(product, first, count);
  }

  void multiply(const Product& product, std::size_t first, std::size_t count) {
    const PackedMatrix& weights = *product.weights;
    const std::size_t in_strips =
        std::min(count, std::max(weights.strip_row_count(), first) - first);
    if (in_strips != 0) {
      const std::size_t strip_bytes = strip_rows * weights.bytes_per_row();
      const PackedRows rows{weights.type(), weights.row_data(first), strip_bytes,
                            in_strips / strip_rows};
      for (std::size_t t = 0; t < x_.rows; t += token_block) {
        const std::size_t tokens = std::min(token_block, x_.rows - t);
        kernels_.multiply_packed(rows,
                                 {quantized_.record(t / quantized_.group, 0), tokens,
                                  quantized_.group, quantized_.blocks},
                                 product.out.data + t * product.out.stride + first,
                                 product.out.stride);
      }
    }
    if (in_strips == count) return;
    const std::size_t tokens_max =
        std::clamp<std::size_t>(token_block_floats / std::max<std::size_t>(1, x_.cols), 48, 1024);
    for (std::size_t t = 0; t < x_.rows; t += tokens_max) {
      const std::size_t tokens = std::min(tokens_max, x_.rows - t);
      multiply_file_rows(weights, first + in_strips, count - in_strips, x_.row_range(t, tokens),
                         product.out.row_range(t, tokens), kernels_);
    }
  }

  /// Blocks of one group of rows are quantized in pieces, so that a few rows also feed all threads.
  void quantize() {
    // All token blocks use the grouping of the whole: more than a block's rows are always tiles.
    const std::size_t group = kernels_.group_of(x_.rows);
    const std::size_t blocks = x_.cols / quantized_block;
    const std::size_t groups = (x_.rows + group - 1) / group;
    std::byte* records = thread_scratch<ActivationScratch, std::byte>(groups * blocks * 64 * group);
    quantized_ = {records, x_.rows, group, blocks};
    const std::size_t pieces = (x_.cols + quantize_cols - 1) / quantize_cols;
    pool_.parallel_for(groups * pieces, group == 1 ? pieces : 1,
                       [&](std::size_t begin, std::size_t end) {
                         for (std::size_t i = begin; i < end; ++i)
                           quantize_piece(i / pieces, i % pieces * quantize_cols, records);
                       });
  }

  void quantize_piece(std::size_t g, std::size_t col, std::byte* records) {
    const std::size_t group = quantized_.group;
    const std::size_t rows = std::min(group, x_.rows - g * group);
    kernels_.quantize_group({x_.data + g * group * x_.stride + col, rows, x_.stride},
                            std::min(quantize_cols, x_.cols - col), group,
                            records + (g * quantized_.blocks + col / quantized_block) * 64 * group);
  }

  std::span<const Product> products_;
  MatrixView<const float> x_;
  const KernelTable& kernels_;
  ThreadPool& pool_;
  const MatmulOptions& options_;
  QuantizedRows quantized_;
  std::size_t chunk_rows_ = 0;
  std::size_t chunks_ = 0;
  std::atomic<std::size_t> next_{0};
};

}  // namespace

void matmul(std::span<const Product> products, MatrixView<const float> x, Isa isa, ThreadPool& pool,
            const MatmulOptions& options) {
  CHECK(!products.empty());
  for (const Product& p : products) {
    CHECK(x.cols == p.weights->cols() && p.out.cols == p.weights->rows() && x.rows == p.out.rows);
    CHECK(!options.together || p.weights->rows() == products[0].weights->rows());
  }
  if (x.rows == 0) return;
  Work(products, x, kernel_table(isa), pool, options).run();
}

}  // namespace croft

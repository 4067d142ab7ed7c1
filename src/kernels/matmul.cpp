// How a product is cut into work: activations are quantized once, threads take chunks of outputs.
#include <algorithm>
#include <cstring>
#include <span>

#include "base/check.h"
#include "base/work_ranges.h"
#include "kernels/kernel_table.h"
#include "kernels/matrix.h"
#include "kernels/packed_layout.h"
#include "kernels/quantized_rows.h"
#include "kernels/scratch.h"

namespace croft {
namespace {

/// Rows of a panel of unpacked weights (3 strips): chunks of long products are multiples of it.
constexpr std::size_t panel_rows = 48;
/// Tokens up to which weights are unpacked in registers only.
constexpr std::size_t few_rows_max = 16;
/// Rows that are dequantized together where weights stay in the file's layout.
constexpr std::size_t float_panel_rows = 16;
/// Tokens that pass a panel together: their quantized activations stay in a core's L2 (a depth
/// chunk of 18 blocks takes 64 * 18 bytes a token).
constexpr std::size_t token_block = 1024;
/// Input floats that a block of tokens may hold (1 MiB), for weights in the file's layout.
constexpr std::size_t token_block_floats = 256 * 1024;
/// Weights that are multiplied at a time where tokens are few.
constexpr std::size_t few_tokens_bytes = 128 * 1024;
/// Inputs of a row that are quantized at a time, and the order in which their fit is summed.
constexpr std::size_t quantize_cols = 512;

struct PanelScratch;
struct ActivationScratch;
struct RangeScratch;
struct SecondScratch;
struct FitScratch;
struct SecondRowScratch;
struct RestScratch;
struct SecondProductScratch;

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
    count_pieces();
    if (pool_.size() == 1 || pieces_ == 1) {
      run_pieces(0, pieces_);
      return;
    }
    auto* memory = thread_scratch<RangeScratch, WorkRanges::Range>(pool_.size());
    WorkRanges ranges(pieces_, {memory, pool_.size()});
    pool_.run([&](std::size_t thread) {
      while (const auto pieces = ranges.next(thread)) run_pieces(pieces->begin, pieces->end);
    });
  }

 private:
  /// Pieces are whole strips, or whole panels where tokens are many, of one product.
  void count_pieces() {
    piece_rows_ = x_.rows <= few_rows_max ? strip_rows : panel_rows;
    for (const Product& p : products_) {
      pieces_ += (p.weights->rows() + piece_rows_ - 1) / piece_rows_;
      if (options_.together) break;
    }
  }

  /// Pieces [begin, end): of each product one range of rows, or several that a cache holds.
  void run_pieces(std::size_t begin, std::size_t end) {
    std::size_t before = 0;
    for (std::size_t p = 0; p < products_.size() && before < end; ++p) {
      const std::size_t rows = products_[p].weights->rows();
      const std::size_t own = (rows + piece_rows_ - 1) / piece_rows_;
      std::size_t first = (std::max(begin, before) - before) * piece_rows_;
      const std::size_t last = std::min((std::min(end, before + own) - before) * piece_rows_, rows);
      const std::size_t step = rows_at_once(*products_[p].weights);
      for (; first < last; first += step) run_rows(p, first, std::min(step, last - first));
      if (options_.together) break;
      before += own;
    }
  }

  /// What follows a product (its epilogue, the second blocks of some rows) finds weights and
  /// outputs in a cache.
  [[nodiscard]] std::size_t rows_at_once(const PackedMatrix& weights) const {
    if (x_.rows > few_rows_max) return panel_rows;
    const std::size_t strip_bytes = strip_rows * weights.bytes_per_row();
    return std::max<std::size_t>(1, few_tokens_bytes / strip_bytes) * strip_rows;
  }

  void run_rows(std::size_t product, std::size_t first, std::size_t count) {
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
      if (second_.rows > second_rows_.size()) {
        multiply_both(rows, product.out, first);
      } else {
        multiply_packed(rows, quantized_, product.out.data + first, product.out.stride);
        if (!second_rows_.empty()) add_second(rows, product.out, first);
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

  void multiply_packed(const PackedRows& rows, const QuantizedRows& x, float* out,
                       std::size_t out_stride) {
    // What one block of tokens leaves over is multiplied like the block: a group stays a group.
    for (std::size_t t = 0; t < x.rows; t += token_block) {
      const std::size_t tokens = std::min(token_block, x.rows - t);
      kernels_.multiply_packed(rows, {x.record(t / x.group, 0), tokens, x.group, x.blocks},
                               out + t * out_stride, out_stride);
    }
  }

  /// First and second blocks in one reading of the weights.
  void multiply_both(const PackedRows& rows, MatrixView<float> out, std::size_t first) {
    const std::size_t count = rows.strips * strip_rows;
    float* part = thread_scratch<SecondProductScratch>(second_.rows * count);
    multiply_packed(rows, second_, part, count);
    for (std::size_t r = 0; r < x_.rows; ++r)
      std::memcpy(out.data + r * out.stride + first, part + r * count, count * sizeof(float));
    add_parts(part + x_.rows * count, count, out, first);
  }

  /// Adds the products of the second blocks to the rows that have them.
  void add_second(const PackedRows& rows, MatrixView<float> out, std::size_t first) {
    const std::size_t count = rows.strips * strip_rows;
    float* part = thread_scratch<SecondProductScratch>(second_rows_.size() * count);
    multiply_packed(rows, second_, part, count);
    add_parts(part, count, out, first);
  }

  void add_parts(const float* part, std::size_t count, MatrixView<float> out, std::size_t first) {
    for (std::size_t i = 0; i < second_rows_.size(); ++i) {
      float* to = out.data + second_rows_[i] * out.stride + first;
      kernels_.add(to, part + i * count, to, count);
    }
  }

  /// Quantizes all rows; those that 8-bit blocks do not hold well get second blocks.
  void quantize() {
    const std::size_t pieces = (x_.cols + quantize_cols - 1) / quantize_cols;
    RowFit* fits = thread_scratch<FitScratch, RowFit>(x_.rows * pieces);
    quantized_ = quantize_rows<ActivationScratch>(x_, fits);
    std::size_t* rows = thread_scratch<SecondRowScratch, std::size_t>(x_.rows);
    std::size_t count = 0;
    for (std::size_t r = 0; r < x_.rows; ++r) {
      RowFit whole;
      for (std::size_t piece = 0; piece < pieces; ++piece) {
        whole.scale_squares += fits[piece * x_.rows + r].scale_squares;
        whole.rest += fits[piece * x_.rows + r].rest;
      }
      if (options_.precise || whole.needs_second()) rows[count++] = r;
    }
    second_rows_ = {rows, count};
    if (count == 0) return;
    // Few tokens leave the reading of weights as the cost: both blocks share one.
    const std::size_t before = x_.rows + count <= few_rows_max ? x_.rows : 0;
    float* rest = thread_scratch<RestScratch>((before + count) * x_.cols);
    for (std::size_t r = 0; r < before; ++r)
      std::memcpy(rest + r * x_.cols, x_.row(r).data(), x_.cols * sizeof(float));
    for (std::size_t i = 0; i < count; ++i)
      subtract_quantized(rows[i], rest + (before + i) * x_.cols);
    fits = thread_scratch<FitScratch, RowFit>((before + count) * pieces);
    second_ = quantize_rows<SecondScratch>({rest, before + count, x_.cols}, fits);
  }

  /// What the first blocks of row r leave: rest = x - scale * quant.
  void subtract_quantized(std::size_t r, float* rest) {
    const std::size_t group = quantized_.group;
    const QuantizedRecord layout{group};
    const float* x = x_.row(r).data();
    for (std::size_t b = 0; b < quantized_.blocks; ++b) {
      const std::byte* record = quantized_.record(r / group, b);
      float scale = 0.0f;
      std::memcpy(&scale, record + layout.scale() + 4 * (r % group), sizeof(scale));
      for (std::size_t i = 0; i < quantized_block; ++i) {
        const auto quant =
            static_cast<std::int8_t>(record[(i / 4 * group + r % group) * 4 + i % 4]);
        rest[b * quantized_block + i] = x[b * quantized_block + i] - scale * quant;
      }
    }
  }

  /// The records of x; fits[piece * x.rows + row] for every piece of quantize_cols inputs. Blocks
  /// of one group of rows are quantized in pieces, so that a few rows also feed all threads.
  template <typename Scratch>
  QuantizedRows quantize_rows(MatrixView<const float> x, RowFit* fits) {
    const std::size_t group = kernels_.group_of(x.rows);
    const std::size_t blocks = x.cols / quantized_block;
    const std::size_t groups = (x.rows + group - 1) / group;
    std::byte* records = thread_scratch<Scratch, std::byte>(groups * blocks * 64 * group);
    const std::size_t pieces = (x.cols + quantize_cols - 1) / quantize_cols;
    const auto quantize_piece = [&](std::size_t g, std::size_t piece) {
      const std::size_t first = g * group;
      const std::size_t col = piece * quantize_cols;
      kernels_.quantize_group(
          {x.data + first * x.stride + col, std::min(group, x.rows - first), x.stride},
          std::min(quantize_cols, x.cols - col), group,
          records + (g * blocks + col / quantized_block) * 64 * group,
          fits + piece * x.rows + first);
    };
    // A single row is quantized sooner than another thread is there.
    pool_.parallel_for(groups * pieces, group == 1 ? pieces : 1,
                       [&](std::size_t begin, std::size_t end) {
                         for (std::size_t i = begin; i < end; ++i)
                           quantize_piece(i / pieces, i % pieces);
                       });
    return {records, x.rows, group, blocks};
  }

  std::span<const Product> products_;
  MatrixView<const float> x_;
  const KernelTable& kernels_;
  ThreadPool& pool_;
  const MatmulOptions& options_;
  QuantizedRows quantized_;
  QuantizedRows second_;  ///< of second_rows_ alone, or of all rows and then of second_rows_
  std::span<const std::size_t> second_rows_;  ///< which rows of x second_ belongs to
  std::size_t piece_rows_ = 0;
  std::size_t pieces_ = 0;
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

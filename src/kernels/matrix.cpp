#include "kernels/matrix.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/check.h"
#include "kernels/dequantize.h"
#include "kernels/kernel_table.h"
#include "kernels/scratch.h"

namespace croft {
namespace {

/// Weight rows per unit of work: a multiple of every backend's tile height.
constexpr std::size_t panel_rows = 16;
/// Input floats that a block of tokens may hold (1 MiB): they stay in a core's L2 while panels pass
/// by.
constexpr std::size_t token_block_floats = 256 * 1024;

struct PanelScratch;

WeightRows weight_rows(const PackedMatrix& weights, std::size_t first, std::size_t count) {
  return {weights.type(), weights.row_data(first), weights.bytes_per_row(), count, weights.cols()};
}

/// Rows [first, first + count) of the weights times all tokens of x.
void multiply_rows(const PackedMatrix& weights, std::size_t first, std::size_t count,
                   MatrixView<const float> x, MatrixView<float> out, const KernelTable& kernels) {
  const std::size_t cols = weights.cols();
  if (x.rows <= few_tokens_max) {
    kernels.multiply_few(weight_rows(weights, first, count), {x.data, x.rows, x.stride},
                         out.data + first, out.stride);
    return;
  }
  // Rows start 64 bytes beyond a whole number of cache lines' worth, so that they do not share
  // cache sets.
  const std::size_t stride = (cols + 15) / 16 * 16 + 16;
  float* panel = thread_scratch<PanelScratch>(panel_rows * stride);
  for (std::size_t done = 0; done < count; done += panel_rows) {
    const std::size_t height = std::min(panel_rows, count - done);
    for (std::size_t r = 0; r < height; ++r)
      kernels.dequantize(weights.type(), weights.row_data(first + done + r), cols,
                         panel + r * stride);
    kernels.multiply_panel({panel, height, stride}, {x.data, x.rows, x.stride}, cols,
                           out.data + first + done, out.stride);
  }
}

}  // namespace

PackedMatrix PackedMatrix::view(TensorType type, std::size_t rows, std::size_t cols,
                                std::span<const std::byte> source) {
  const auto bytes = croft::row_bytes(type, cols);
  CHECK(bytes.has_value() && source.size() == rows * *bytes);
  PackedMatrix out;
  out.type_ = type;
  out.rows_ = rows;
  out.cols_ = cols;
  out.bytes_per_row_ = static_cast<std::size_t>(*bytes);
  out.data_ = source.data();
  return out;
}

PackedMatrix PackedMatrix::own(TensorType type, std::size_t rows, std::size_t cols,
                               std::shared_ptr<const std::byte[]> bytes) {
  const auto per_row = croft::row_bytes(type, cols);
  CHECK(per_row.has_value());
  PackedMatrix out =
      view(type, rows, cols, {bytes.get(), rows * static_cast<std::size_t>(*per_row)});
  out.owned_ = std::move(bytes);
  return out;
}

PackedMatrix PackedMatrix::row_range(std::size_t first, std::size_t count) const {
  CHECK(first <= rows_ && count <= rows_ - first);
  PackedMatrix out = *this;
  out.rows_ = count;
  out.data_ = row_data(first);
  return out;
}

void matmul(const PackedMatrix& weights, MatrixView<const float> x, MatrixView<float> out, Isa isa,
            ThreadPool& pool) {
  CHECK(x.cols == weights.cols() && out.cols == weights.rows() && x.rows == out.rows);
  if (x.rows == 0 || weights.empty()) return;
  const KernelTable& kernels = kernel_table(isa);
  // Threads take chunks as they come: which thread computes a row does not change the row. A few
  // chunks per thread let a thread that was held up give work away.
  const std::size_t panels = (weights.rows() + panel_rows - 1) / panel_rows;
  const std::size_t chunk_panels = std::max<std::size_t>(1, panels / (pool.size() * 4));
  const std::size_t chunk = chunk_panels * panel_rows;
  const std::size_t token_block =
      std::clamp<std::size_t>(token_block_floats / std::max<std::size_t>(1, x.cols), 48, 1024);
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::size_t) {
    for (;;) {
      const std::size_t first = next.fetch_add(chunk, std::memory_order_relaxed);
      if (first >= weights.rows()) return;
      const std::size_t count = std::min(chunk, weights.rows() - first);
      for (std::size_t t = 0; t < x.rows; t += token_block) {
        const std::size_t tokens = std::min(token_block, x.rows - t);
        multiply_rows(weights, first, count, x.row_range(t, tokens), out.row_range(t, tokens),
                      kernels);
      }
    }
  };
  if (pool.size() == 1 || weights.rows() <= chunk) {
    work(0);
  } else {
    pool.run(work);
  }
}

void dequantize_row(const PackedMatrix& weights, std::size_t r, std::span<float> out) {
  CHECK(r < weights.rows() && out.size() == weights.cols());
  dequantize_reference(weights.type(), weights.row_data(r), out.size(), out.data());
}

}  // namespace croft

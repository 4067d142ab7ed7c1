#include "model/weight_packing.h"

#include <algorithm>

#include "kernels/packed_layout.h"

namespace croft {
namespace {

/// Matrices begin on cache lines.
constexpr std::size_t alignment = 64;
/// Bytes packed between two drops of source pages, and between two reports of progress.
constexpr std::size_t step_bytes = std::size_t{4} << 20;

std::size_t aligned(std::size_t size) {
  return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

std::vector<PackedMatrix*> matrices_to_pack(ModelWeights& weights) {
  std::vector<PackedMatrix*> all;
  for (LayerWeights& layer : weights.layers)
    for (Linear* linear :
         {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down})
      all.push_back(&linear->matrix);
  all.push_back(&weights.output);
  std::erase_if(all, [](const PackedMatrix* m) {
    return m->empty() || m->is_packed() || !can_pack(m->type(), m->rows(), m->cols());
  });
  return all;
}

void pack_matrix(const PackedMatrix& matrix, std::span<std::byte> out, ThreadPool& pool,
                 bool drop_source, const std::function<void(std::size_t bytes)>& done) {
  const std::size_t row = matrix.bytes_per_row();
  const std::size_t step = std::max<std::size_t>(1, step_bytes / row / strip_rows) * strip_rows;
  for (std::size_t first = 0; first < matrix.rows(); first += step) {
    const std::size_t count = std::min(step, matrix.rows() - first);
    pool.parallel_for(count, strip_rows, [&](std::size_t begin, std::size_t end) {
      pack_rows(matrix, first + begin, end - begin,
                out.subspan((first + begin) * row, (end - begin) * row));
    });
    if (drop_source) drop_mapped_pages(matrix.bytes().subspan(first * row, count * row));
    if (done) done(count * row);
  }
}

Result<PackedWeights> pack_weights(ModelWeights& weights, ThreadPool& pool, bool drop_source,
                                   const PackProgress& progress) {
  const bool tied = weights.output.bytes().data() == weights.embedding.bytes().data();
  const std::vector<PackedMatrix*> matrices = matrices_to_pack(weights);
  std::size_t total = 0;
  for (const PackedMatrix* matrix : matrices) total += aligned(matrix->bytes().size());
  PackedWeights out;
  out.memory = TRY(AnonymousMemory::create(total, "the packed weights"));
  std::size_t at = 0;
  std::uint64_t done = 0;
  for (PackedMatrix* matrix : matrices) {
    const std::span<const std::byte> source = matrix->bytes();
    const std::span<std::byte> packed = out.memory.bytes().subspan(at, source.size());
    pack_matrix(*matrix, packed, pool, drop_source, [&](std::size_t bytes) {
      done += bytes;
      if (progress) progress(done, total);
    });
    *matrix = PackedMatrix::view_packed(matrix->type(), matrix->rows(), matrix->cols(), packed);
    at += aligned(source.size());
  }
  if (tied) weights.embedding = weights.output;
  return out;
}

}  // namespace croft

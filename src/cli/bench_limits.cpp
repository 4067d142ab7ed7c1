#include "cli/bench_limits.h"

#include <algorithm>

#include "cli/terminal.h"
#include "model/decoder.h"

namespace croft::cli {
namespace {

struct Matrices {
  double elements = 0.0;
  double bytes = 0.0;

  void add(const PackedMatrix& matrix) {
    if (matrix.empty()) return;
    const auto rows = static_cast<double>(matrix.rows());
    elements += rows * static_cast<double>(matrix.cols());
    bytes += rows * static_cast<double>(row_bytes(matrix.type(), matrix.cols()).value_or(0));
  }
};

/// As the file stores them: what a layout adds to that is no excuse.
Matrices layer_matrices(const ModelWeights& weights) {
  Matrices sum;
  for (const LayerWeights& layer : weights.layers)
    for (const Linear* linear :
         {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down})
      sum.add(linear->matrix);
  return sum;
}

/// Keys and values that all layers keep of one position.
double position_bytes(const ModelConfig& config, TensorType type) {
  const auto row = static_cast<double>(row_bytes(type, config.kv_size()).value_or(0));
  return static_cast<double>(config.layer_count) * 2 * row;
}

}  // namespace

Work work_of(const TestSize& test, const Engine& engine) {
  const ModelWeights& weights = engine.model().decoder()->weights();
  Matrices read = layer_matrices(weights);
  const auto seqs = static_cast<double>(test.seqs);
  Work work;
  if (test.n_gen == 0) {
    const std::size_t tokens = test.n_prompt * test.seqs;
    const std::size_t chunk = engine.options().prefill_chunk;
    work.steps = static_cast<double>((tokens + chunk - 1) / chunk);
    work.operations = 2 * read.elements * static_cast<double>(tokens);
    work.bytes = read.bytes * work.steps;
    return work;
  }
  read.add(weights.output);
  work.steps = static_cast<double>(test.n_gen);
  work.operations = 2 * read.elements * seqs * work.steps;
  // Step i sees the depth and i positions, its own included.
  const double positions = work.steps * (static_cast<double>(test.n_depth) + (work.steps + 1) / 2);
  work.bytes = read.bytes * work.steps +
               seqs * positions * position_bytes(engine.model().config(), engine.options().kv_type);
  return work;
}

Limit limit_of(const Work& work, const Speeds& speeds, double seconds) {
  const double arithmetic = work.operations / (speeds.gops * 1e9);
  const double reading = work.bytes / (speeds.gbs * 1e9);
  if (arithmetic > reading) return {"arithmetic", arithmetic / seconds};
  return {"bandwidth", reading / seconds};
}

MachineLimits::MachineLimits(Isa isa, std::size_t threads)
    : isa_(isa), pool_(std::make_unique<ThreadPool>(threads)) {}

Result<MachineLimits> MachineLimits::measure(const Engine& engine) {
  MachineLimits limits(engine.isa(), engine.options().threads);
  limits.arithmetic_ = measure_arithmetic(limits.isa_, *limits.pool_);
  limits.memory_gbs_ =
      TRY(measure_read_bandwidth(uncached_buffer_bytes(), limits.isa_, *limits.pool_));
  return limits;
}

Result<Speeds> MachineLimits::speeds(const Work& work) {
  // Past 1 GiB no cache makes a difference any more.
  const auto step = static_cast<std::size_t>(work.bytes / work.steps) + 1;
  const std::size_t buffer = std::min(step, uncached_buffer_bytes());
  const double gbs = buffer == uncached_buffer_bytes()
                         ? memory_gbs_
                         : TRY(measure_read_bandwidth(buffer, isa_, *pool_));
  return Speeds{.gops = arithmetic_.front().gops, .gbs = gbs};
}

json::object MachineLimits::fields() const {
  json::object peaks;
  for (const ArithmeticPeak& peak : arithmetic_) peaks[arithmetic_kind_name(peak.kind)] = peak.gops;
  const auto cache = last_level_cache_bytes();
  return {{"arithmetic_peak_gops", arithmetic_.front().gops},
          {"arithmetic_peak_kind", arithmetic_kind_name(arithmetic_.front().kind)},
          {"arithmetic_peaks_gops", std::move(peaks)},
          {"has_matrix_tiles", has_matrix_tiles()},
          {"memory_bandwidth_gbs", memory_gbs_},
          {"memory_buffer_bytes", uncached_buffer_bytes()},
          {"last_level_cache_bytes", cache ? json::value(*cache) : json::value(nullptr)}};
}

std::string MachineLimits::text() const {
  std::string out = "machine     reads " + fixed(memory_gbs_, 1) + " GB/s from memory";
  if (const auto cache = last_level_cache_bytes())
    out += " (last cache " + human_bytes(static_cast<double>(*cache)) + ")";
  out += ", computes";
  for (std::size_t i = 0; i < arithmetic_.size(); ++i)
    out += (i == 0 ? " " : ", ") + fixed(arithmetic_[i].gops, 0) + " Gop/s (" +
           std::string(arithmetic_kind_name(arithmetic_[i].kind)) + ")";
  return out + (has_matrix_tiles() ? "\n" : "; tiles: not on this processor\n");
}

}  // namespace croft::cli

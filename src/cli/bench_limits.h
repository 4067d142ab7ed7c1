#pragma once
/// How close a measurement came to what the machine could do at best (`croft bench`).

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "engine/engine.h"
#include "kernels/machine_peak.h"

namespace croft::cli {

struct TestSize {
  std::size_t n_prompt = 0;  ///< tokens of each sequence's prompt; 0: generation from one token
  std::size_t n_gen = 0;     ///< tokens that each sequence generates; 0: prompt only
  std::size_t n_depth = 0;   ///< tokens that each sequence has before it generates
  std::size_t seqs = 1;
};

/// The least that a test makes the machine do. Attention's own products are not counted (at 512
/// tokens of a small model a tenth more), nor is the embedding, whose rows are only looked up.
struct Work {
  double operations = 0.0;  ///< of products with weights; a multiply-add counts as two
  double bytes = 0.0;       ///< weights, read once a step, and keys and values while generating
  double steps = 1.0;       ///< passes over the weights
};

[[nodiscard]] Work work_of(const TestSize& test, const Engine& engine);

/// What the machine could do at best, in 10^9 a second.
struct Speeds {
  double gops = 0.0;
  double gbs = 0.0;
};

struct Limit {
  std::string_view name;  ///< of the two the one that takes longer: "arithmetic" or "bandwidth"
  double fraction = 0.0;  ///< the time it takes at best / the time measured
};

[[nodiscard]] Limit limit_of(const Work& work, const Speeds& speeds, double seconds);

/// This machine's speeds with an engine's instruction set and thread count.
class MachineLimits {
 public:
  /// Takes about half a second. Errors: TooLarge (no memory for the buffer).
  static Result<MachineLimits> measure(const Engine& engine);

  /// The speeds that bound this work. A small model may live in a cache: the bandwidth is that of a
  /// buffer of the size that a step reads. Takes a quarter of a second. Errors: as above.
  Result<Speeds> speeds(const Work& work);
  /// The fields of the JSON document that describe the machine.
  [[nodiscard]] json::object fields() const;
  /// The same as one line for people.
  [[nodiscard]] std::string text() const;

 private:
  MachineLimits(Isa isa, std::size_t threads);

  Isa isa_;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<ArithmeticPeak> arithmetic_;  ///< fastest first
  double memory_gbs_ = 0.0;                 ///< from a buffer that no cache holds
};

}  // namespace croft::cli

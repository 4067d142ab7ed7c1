#pragma once
/// One measurement of an engine on random tokens (`croft bench`, `croft plan`).

#include <cstddef>
#include <random>
#include <vector>

#include "base/error.h"
#include "cli/bench_limits.h"
#include "engine/engine.h"

namespace croft::cli {

/// Prompt and answer tokens of all sequences together.
[[nodiscard]] constexpr std::size_t tokens_of(const TestSize& test) {
  return (test.n_prompt + test.n_gen) * test.seqs;
}

/// A prompt of ordinary tokens of the vocabulary, each equally likely.
[[nodiscard]] GenerationRequest random_request(const Tokenizer& tokenizer, std::size_t prompt,
                                               std::size_t answer, std::mt19937& random);

/// Nanoseconds that the test takes; with a depth, from the stretch in which all sequences generate.
/// Errors: the engine's; ContextOverflow; InvalidArgument where there is no such stretch.
Result<double> sample_ns(Engine& engine, const TestSize& test, std::mt19937& random);

}  // namespace croft::cli

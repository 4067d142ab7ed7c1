#include "cli/bench_sample.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "cli/generate.h"

namespace croft::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// Ordinary tokens of the vocabulary, each equally likely.
std::vector<TokenId> random_tokens(const Tokenizer& tokenizer, std::size_t count,
                                   std::mt19937& random) {
  std::uniform_int_distribution<std::size_t> any(0, tokenizer.size() - 1);
  std::vector<TokenId> tokens;
  std::size_t refused = 0;
  while (tokens.size() < count) {
    const auto id = static_cast<TokenId>(any(random));
    // A vocabulary without ordinary tokens would keep us here for ever: then any token will do.
    if (tokenizer.kind(id) != TokenKind::Normal && ++refused < 10'000) continue;
    tokens.push_back(id);
  }
  return tokens;
}

std::vector<GenerationRequest> requests_of(const TestSize& test, const Tokenizer& tokenizer,
                                           std::mt19937& random) {
  // An answer needs something to follow: one token. Where it has its depth to follow, its first
  // token belongs to computing that.
  const std::size_t before = std::max({test.n_prompt, test.n_depth, std::size_t{1}});
  const std::size_t answer = test.n_gen + (test.n_depth > 0 ? 1 : 0);
  std::vector<GenerationRequest> requests;
  for (std::size_t i = 0; i < test.seqs; ++i)
    requests.push_back(random_request(tokenizer, before, answer, random));
  return requests;
}

/// Time of n_gen tokens of every sequence, taken from the stretch in which all of them generate:
/// prompts enter one after the other, and what is generated beside them does not count.
double generating_ns(const TestSize& test, const std::vector<TimedGeneration>& generations) {
  Clock::time_point start = Clock::time_point::min();
  Clock::time_point end = Clock::time_point::max();
  for (const TimedGeneration& generation : generations) {
    start = std::max(start, generation.token_times.front());
    end = std::min(end, generation.token_times.back());
  }
  std::size_t made = 0;
  for (const TimedGeneration& generation : generations)
    made += static_cast<std::size_t>(std::ranges::count_if(
        generation.token_times, [&](Clock::time_point at) { return at > start && at <= end; }));
  const std::chrono::duration<double, std::nano> took = end - start;
  return took.count() * static_cast<double>(tokens_of(test)) / static_cast<double>(made);
}

}  // namespace

GenerationRequest random_request(const Tokenizer& tokenizer, std::size_t prompt, std::size_t answer,
                                 std::mt19937& random) {
  GenerationRequest request;
  request.prompt = random_tokens(tokenizer, prompt, random);
  request.tokens_max = answer;
  request.sampling.temperature = 0.0f;
  request.ignore_end_tokens = true;
  return request;
}

Result<double> sample_ns(Engine& engine, const TestSize& test, std::mt19937& random) {
  auto requests = requests_of(test, engine.model().tokenizer(), random);
  const std::size_t wanted = requests.front().tokens_max;
  const auto start = Clock::now();
  const std::vector<TimedGeneration> generations = TRY(generate_all(engine, std::move(requests)));
  const std::chrono::duration<double, std::nano> took = Clock::now() - start;
  for (const TimedGeneration& generation : generations)
    if (generation.usage.completion_tokens != wanted)
      return fail(ErrorCode::ContextOverflow,
                  "only " + std::to_string(generation.usage.completion_tokens) + " of " +
                      std::to_string(wanted) + " tokens fit the model's context",
                  "Use a smaller -n");
  if (test.n_depth == 0) return took.count();
  const double generating = generating_ns(test, generations);
  if (!std::isfinite(generating))
    return fail(ErrorCode::InvalidArgument,
                std::to_string(test.seqs) + " sequences were never generating all at once",
                "Use a larger -n, or a smaller --depth or --seqs");
  return generating;
}

}  // namespace croft::cli

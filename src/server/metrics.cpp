#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <iterator>
#include <utility>

namespace croft {
namespace {

using prometheus::Histogram;

// Durations: OpenTelemetry's 0.01 * 2^n. First token and per output token: vLLM's, so that
// dashboards compare.
const Histogram::BucketBoundaries kDurationBuckets = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                                      1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
const Histogram::BucketBoundaries kFirstTokenBuckets = {.001, .005, .01, .02, .04, .06, .08, .1,
                                                        .25,  .5,   .75, 1,   2.5, 5,   7.5, 10};
const Histogram::BucketBoundaries kPerTokenBuckets = {.01, .025, .05, .075, .1, .15, .2,
                                                      .3,  .4,   .5,  .75,  1,  2.5};

template <auto Member>
double number(const EngineStats& stats) {
  return static_cast<double>(stats.*Member);
}
double kv_usage(const EngineStats& stats) {
  const double total = number<&EngineStats::kv_positions_total>(stats);
  return total == 0 ? 0 : number<&EngineStats::kv_positions_used>(stats) / total;
}

/// What is read from the engine whenever somebody looks.
struct EngineGauge {
  const char* name;
  const char* help;
  double (*value)(const EngineStats&);
};
constexpr EngineGauge kEngineGauges[] = {
    {"croft_requests_running", "Sequences being computed.", number<&EngineStats::requests_running>},
    {"croft_requests_waiting", "Sequences in the queue.", number<&EngineStats::requests_waiting>},
    {"croft_kv_cache_usage_ratio", "Used part of the KV cache, 0 to 1.", kv_usage},
    {"croft_kv_cache_bytes", "Memory that the KV cache takes now.", number<&EngineStats::kv_bytes>},
    {"croft_prefix_pages", "Pages of keys and values kept for prompts that begin alike.",
     number<&EngineStats::prefix_pages>},
    {"croft_prefix_lookup_tokens", "Prompt tokens looked up since the start.",
     number<&EngineStats::prefix_lookups_total>},
    {"croft_prefix_hit_tokens", "Of these, tokens that need not be computed.",
     number<&EngineStats::prefix_hits_total>},
    {"croft_preemptions", "Requests that gave their memory away, to go on later.",
     number<&EngineStats::preemptions_total>},
    {"croft_guessed_tokens", "Tokens guessed from the context since the start.",
     number<&EngineStats::guessed_tokens_total>},
    {"croft_guessed_tokens_held", "Of these, right ones.",
     number<&EngineStats::guessed_held_total>},
    {"croft_engine_prompt_tokens", "Prompt tokens computed since the start, as they are computed.",
     number<&EngineStats::prompt_tokens_total>},
    {"croft_engine_generated_tokens", "Tokens generated since the start, as they come.",
     number<&EngineStats::generated_tokens_total>},
    {"croft_engine_step_seconds", "Time of all engine steps since the start.",
     number<&EngineStats::step_seconds_total>},
    {"croft_engine_steps", "Engine steps since the start.", number<&EngineStats::steps_total>},
};

}  // namespace

struct Metrics::Impl {
  explicit Impl(std::string name) : model(std::move(name)) {
    for (std::size_t i = 0; i < std::size(kEngineGauges); ++i)
      engine[i] = &gauge(kEngineGauges[i].name, kEngineGauges[i].help);
  }

  prometheus::Family<Histogram>& histogram(const char* name, const char* help) {
    return prometheus::BuildHistogram()
        .Name(name)
        .Help(help)
        .Labels({{"model", model}})
        .Register(registry);
  }
  prometheus::Family<prometheus::Counter>& counter(const char* name, const char* help) {
    return prometheus::BuildCounter()
        .Name(name)
        .Help(help)
        .Labels({{"model", model}})
        .Register(registry);
  }
  prometheus::Gauge& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge()
        .Name(name)
        .Help(help)
        .Labels({{"model", model}})
        .Register(registry)
        .Add({});
  }

  std::string model;
  prometheus::Registry registry;
  prometheus::Family<Histogram>& first_token =
      histogram("croft_time_to_first_token_seconds", "From the request to its first token.");
  prometheus::Family<Histogram>& inter_token =
      histogram("croft_inter_token_latency_seconds", "Between tokens of one answer.");
  prometheus::Family<Histogram>& end_to_end =
      histogram("croft_e2e_request_latency_seconds", "From the request to the end of its answer.");
  prometheus::Family<Histogram>& queue =
      histogram("croft_request_queue_time_seconds", "From the request to its first computation.");
  prometheus::Counter& prompt_tokens =
      counter("croft_prompt_tokens_total", "Prompt tokens of finished requests.").Add({});
  prometheus::Counter& generation_tokens =
      counter("croft_generation_tokens_total", "Generated tokens of finished requests.").Add({});
  prometheus::Family<prometheus::Counter>& requests =
      counter("croft_requests_total", "Requests by route and HTTP status.");
  prometheus::Family<prometheus::Counter>& finished =
      counter("croft_request_success_total", "Answers by the reason they ended.");
  prometheus::Gauge& ready = gauge("croft_ready", "1 once the model is loaded.");
  std::array<prometheus::Gauge*, std::size(kEngineGauges)> engine{};
};

Metrics::Metrics(std::string model) : impl_(std::make_unique<Impl>(std::move(model))) {}
Metrics::~Metrics() = default;

void Metrics::first_token(std::string_view route, double seconds) {
  impl_->first_token.Add({{"route", std::string(route)}}, kFirstTokenBuckets).Observe(seconds);
}

void Metrics::inter_token(std::string_view route, double seconds) {
  impl_->inter_token.Add({{"route", std::string(route)}}, kPerTokenBuckets).Observe(seconds);
}

void Metrics::generation_done(std::string_view route, std::string_view finish_reason,
                              const GenerationUsage& usage) {
  impl_->finished
      .Add({{"route", std::string(route)}, {"finished_reason", std::string(finish_reason)}})
      .Increment();
  impl_->queue.Add({{"route", std::string(route)}}, kDurationBuckets).Observe(usage.queue_seconds);
  impl_->prompt_tokens.Increment(static_cast<double>(usage.prompt_tokens));
  impl_->generation_tokens.Increment(static_cast<double>(usage.completion_tokens));
}

void Metrics::embedding_done(std::size_t tokens) {
  impl_->prompt_tokens.Increment(static_cast<double>(tokens));
}

void Metrics::request_done(const RequestRecord& record) {
  impl_->requests.Add({{"route", record.route}, {"status", std::to_string(record.status)}})
      .Increment();
  impl_->end_to_end.Add({{"route", record.route}}, kDurationBuckets).Observe(record.seconds);
}

std::string Metrics::text(const std::optional<EngineStats>& stats) {
  impl_->ready.Set(stats ? 1 : 0);
  if (stats)
    for (std::size_t i = 0; i < std::size(kEngineGauges); ++i)
      impl_->engine[i]->Set(kEngineGauges[i].value(*stats));
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace croft

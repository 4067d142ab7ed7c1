#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

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

}  // namespace

struct Metrics::Impl {
  explicit Impl(std::string name) : model(std::move(name)) {}

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
  prometheus::Gauge& running = gauge("croft_requests_running", "Sequences being computed.");
  prometheus::Gauge& waiting = gauge("croft_requests_waiting", "Sequences in the queue.");
  prometheus::Gauge& kv_usage =
      gauge("croft_kv_cache_usage_ratio", "Used part of the KV cache, 0 to 1.");
  prometheus::Gauge& kv_bytes =
      gauge("croft_kv_cache_bytes", "Memory that the KV cache takes now.");
  prometheus::Gauge& prefix_pages =
      gauge("croft_prefix_pages", "Pages of keys and values kept for prompts that begin alike.");
  prometheus::Gauge& prefix_lookups =
      gauge("croft_prefix_lookup_tokens", "Prompt tokens looked up since the start.");
  prometheus::Gauge& prefix_hits =
      gauge("croft_prefix_hit_tokens", "Of these, tokens that need not be computed.");
  prometheus::Gauge& preemptions =
      gauge("croft_preemptions", "Requests that gave their memory away, to go on later.");
  prometheus::Gauge& guessed =
      gauge("croft_guessed_tokens", "Tokens guessed from the context since the start.");
  prometheus::Gauge& guessed_held = gauge("croft_guessed_tokens_held", "Of these, right ones.");
  prometheus::Gauge& engine_prompt =
      gauge("croft_engine_prompt_tokens",
            "Prompt tokens computed since the start, as they are computed.");
  prometheus::Gauge& engine_generated =
      gauge("croft_engine_generated_tokens", "Tokens generated since the start, as they come.");
  prometheus::Gauge& step_seconds =
      gauge("croft_engine_step_seconds", "Time of all engine steps since the start.");
  prometheus::Gauge& steps = gauge("croft_engine_steps", "Engine steps since the start.");
  prometheus::Gauge& ready = gauge("croft_ready", "1 once the model is loaded.");
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
  if (stats) {
    impl_->running.Set(static_cast<double>(stats->requests_running));
    impl_->waiting.Set(static_cast<double>(stats->requests_waiting));
    impl_->kv_bytes.Set(static_cast<double>(stats->kv_bytes));
    impl_->steps.Set(static_cast<double>(stats->steps_total));
    impl_->step_seconds.Set(stats->step_seconds_total);
    impl_->engine_prompt.Set(static_cast<double>(stats->prompt_tokens_total));
    impl_->engine_generated.Set(static_cast<double>(stats->generated_tokens_total));
    impl_->prefix_pages.Set(static_cast<double>(stats->prefix_pages));
    impl_->prefix_lookups.Set(static_cast<double>(stats->prefix_lookups_total));
    impl_->prefix_hits.Set(static_cast<double>(stats->prefix_hits_total));
    impl_->preemptions.Set(static_cast<double>(stats->preemptions_total));
    impl_->guessed.Set(static_cast<double>(stats->guessed_tokens_total));
    impl_->guessed_held.Set(static_cast<double>(stats->guessed_held_total));
    const double total = static_cast<double>(stats->kv_positions_total);
    impl_->kv_usage.Set(total == 0 ? 0 : static_cast<double>(stats->kv_positions_used) / total);
  }
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace croft

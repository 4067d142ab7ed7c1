#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <mutex>
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
const Histogram::BucketBoundaries kGateBuckets = {1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4,
                                                  5e-4, 1e-3,   2e-3, 5e-3, 0.02};

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
    {"croft_guessed_tokens", "Tokens guessed from the text or by a draft model since the start.",
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
  explicit Impl(const std::vector<std::string>& models);
  void show_upstreams(std::span<const std::shared_ptr<Upstream>> shown);

  prometheus::Family<Histogram>& histogram(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }
  prometheus::Family<prometheus::Counter>& counter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  prometheus::Family<prometheus::Gauge>& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }

  prometheus::Registry registry;
  prometheus::Family<Histogram>& first_token =
      histogram("croft_time_to_first_token_seconds", "From the request to its first token.");
  prometheus::Family<Histogram>& inter_token =
      histogram("croft_inter_token_latency_seconds", "Between tokens of one answer.");
  prometheus::Family<Histogram>& end_to_end =
      histogram("croft_e2e_request_latency_seconds", "From the request to the end of its answer.");
  prometheus::Family<Histogram>& queue =
      histogram("croft_request_queue_time_seconds", "From the request to its first computation.");
  prometheus::Family<prometheus::Counter>& prompt_tokens =
      counter("croft_prompt_tokens_total", "Prompt tokens of finished requests.");
  prometheus::Family<prometheus::Counter>& generation_tokens =
      counter("croft_generation_tokens_total", "Generated tokens of finished requests.");
  prometheus::Family<prometheus::Counter>& requests =
      counter("croft_requests_total", "Requests by route and HTTP status.");
  prometheus::Family<prometheus::Counter>& finished =
      counter("croft_request_success_total", "Answers by the reason they ended.");
  prometheus::Family<prometheus::Counter>& loads =
      counter("croft_model_loads_total", "Loads of a model by how they ended.");
  prometheus::Family<prometheus::Counter>& unloads =
      counter("croft_model_unloads_total", "Models unloaded by the reason.");
  prometheus::Family<Histogram>& load_seconds =
      histogram("croft_model_load_seconds", "Loading a model.");
  prometheus::Family<prometheus::Gauge>& ready =
      gauge("croft_ready", "1 once the main and the pinned models are loaded.");
  prometheus::Family<prometheus::Gauge>& ledger_state =
      gauge("croft_ledger_state", "1 for the state that the ledger is in.");
  prometheus::Family<prometheus::Gauge>& ledger_rows =
      gauge("croft_ledger_rows", "Rows by where they are; those in the database since the start.");
  prometheus::Family<prometheus::Counter>& cost =
      counter("croft_cost_total",
              "Money of the ledger's rows by kind: cloud (paid), counterfactual (had all gone to "
              "the cloud), local (hardware and power).");
  prometheus::Family<prometheus::Counter>& cost_rows = counter(
      "croft_cost_rows_total", "The ledger's rows by kind of money and what is known of it.");
  prometheus::Family<prometheus::Counter>& team_cost =
      counter("croft_team_cost_total", "What upstreams cost, by team.");
  prometheus::Family<prometheus::Counter>& ledger_tokens =
      counter("croft_ledger_tokens_total", "Tokens of the ledger's rows by provider and kind.");
  prometheus::Family<prometheus::Counter>& energy =
      counter("croft_energy_joules_total", "Energy of local answers by how it is known.");
  prometheus::Family<prometheus::Gauge>& loaded =
      gauge("croft_model_loaded", "1 while the model is loaded.");
  prometheus::Family<prometheus::Gauge>& waiting =
      gauge("croft_model_waiting", "Requests that wait for the model to be loaded.");
  prometheus::Family<prometheus::Counter>& routed = counter(
      "croft_route_requests_total", "Routed requests by who answered and whether it escalated.");
  prometheus::Family<prometheus::Counter>& attempts =
      counter("croft_route_attempts_total", "Calls of models by provider and how they ended.");
  prometheus::Family<prometheus::Counter>& route_cost = counter(
      "croft_route_cost_total", "What upstreams cost, in the configured currency, where priced.");
  prometheus::Family<prometheus::Counter>& unpriced =
      counter("croft_route_unpriced_total", "Routed requests whose cost is not known.");
  prometheus::Family<prometheus::Counter>& thrown_away = counter(
      "croft_route_discarded_tokens_total", "Tokens of local answers that were not good enough.");
  prometheus::Family<Histogram>& overhead =
      histogram("croft_route_overhead_seconds", "Gates and policy of a routed request.");
  prometheus::Family<prometheus::Gauge>& upstream_open =
      gauge("croft_upstream_open", "1 while an upstream that failed is left alone.");
  prometheus::Family<prometheus::Gauge>& upstream_running =
      gauge("croft_upstream_requests_running", "Requests under way at an upstream.");
  prometheus::Family<prometheus::Gauge>& upstream_first =
      gauge("croft_upstream_first_token_seconds", "Moving average of an upstream's first token.");
  std::vector<prometheus::Family<prometheus::Gauge>*> engine;
  std::vector<std::unique_ptr<Model>> models;
  std::vector<std::pair<prometheus::Family<prometheus::Gauge>*, prometheus::Gauge*>> upstreams;
  std::mutex showing;  ///< series come and go: one page at a time
};

/// The series of one model.
struct Metrics::Model final : ModelMetrics {
  Model(Impl& families_in, std::string name_in)
      : families(families_in),
        name(std::move(name_in)),
        prompt_tokens(families.prompt_tokens.Add({{"model", name}})),
        generation_tokens(families.generation_tokens.Add({{"model", name}})),
        loaded(families.loaded.Add({{"model", name}})),
        waiting(families.waiting.Add({{"model", name}})),
        engine(std::size(kEngineGauges), nullptr) {}

  void first_token(std::string_view route, double seconds) override {
    families.first_token.Add(of_route(route), kFirstTokenBuckets).Observe(seconds);
  }
  void inter_token(std::string_view route, double seconds) override {
    families.inter_token.Add(of_route(route), kPerTokenBuckets).Observe(seconds);
  }
  void generation_done(std::string_view route, std::string_view finish_reason,
                       const GenerationUsage& usage) override {
    prometheus::Labels labels = of_route(route);
    labels["finished_reason"] = finish_reason;
    families.finished.Add(labels).Increment();
    families.queue.Add(of_route(route), kDurationBuckets).Observe(usage.queue_seconds);
    prompt_tokens.Increment(static_cast<double>(usage.prompt_tokens));
    generation_tokens.Increment(static_cast<double>(usage.completion_tokens));
  }
  void embedding_done(std::size_t tokens) override {
    prompt_tokens.Increment(static_cast<double>(tokens));
  }

  /// A model that is not loaded has no engine to read: its series end, and begin anew.
  void show(const ModelView& view) {
    loaded.Set(view.stats ? 1 : 0);
    waiting.Set(static_cast<double>(view.waits_count));
    for (std::size_t i = 0; i < engine.size(); ++i) {
      if (view.stats) {
        if (engine[i] == nullptr) engine[i] = &families.engine[i]->Add({{"model", name}});
        engine[i]->Set(kEngineGauges[i].value(*view.stats));
      } else if (engine[i] != nullptr) {
        families.engine[i]->Remove(std::exchange(engine[i], nullptr));
      }
    }
  }
  [[nodiscard]] prometheus::Labels of_route(std::string_view route) const {
    return {{"model", name}, {"route", std::string(route)}};
  }

  Impl& families;
  std::string name;
  prometheus::Counter& prompt_tokens;
  prometheus::Counter& generation_tokens;
  prometheus::Gauge& loaded;
  prometheus::Gauge& waiting;
  std::vector<prometheus::Gauge*> engine;  ///< null while not loaded
};

Metrics::Impl::Impl(const std::vector<std::string>& names) {
  for (const EngineGauge& one : kEngineGauges) engine.push_back(&gauge(one.name, one.help));
  for (const std::string& name : names) models.push_back(std::make_unique<Model>(*this, name));
}

Metrics::Metrics(const std::vector<std::string>& models) : impl_(std::make_unique<Impl>(models)) {}
Metrics::~Metrics() = default;

ModelMetrics& Metrics::of(std::size_t model) {
  return *impl_->models[model];
}

void Metrics::request_done(const RequestRecord& record) {
  const std::string& model = record.model.empty() ? impl_->models.front()->name : record.model;
  impl_->requests
      .Add({{"model", model}, {"route", record.route}, {"status", std::to_string(record.status)}})
      .Increment();
  impl_->end_to_end.Add({{"model", model}, {"route", record.route}}, kDurationBuckets)
      .Observe(record.seconds);
}

void Metrics::model_changed(const ModelEvent& event) {
  const std::string& model = impl_->models[event.model]->name;
  if (event.kind == ModelEvent::Kind::Unloaded) {
    const char* reason = event.reason == UnloadReason::KeepAlive ? "keep_alive"
                         : event.reason == UnloadReason::Memory  ? "memory"
                                                                 : "request";
    impl_->unloads.Add({{"model", model}, {"reason", reason}}).Increment();
    return;
  }
  const bool loaded = event.kind == ModelEvent::Kind::Loaded;
  impl_->loads.Add({{"model", model}, {"outcome", loaded ? "loaded" : "failed"}}).Increment();
  if (loaded) impl_->load_seconds.Add({{"model", model}}, kDurationBuckets).Observe(event.seconds);
}

void Metrics::routed(const RouteTrace& trace) {
  const AttemptTrace* answer = answer_of(trace);
  const char* answered = answer == nullptr            ? "none"
                         : answer->dialect == "local" ? "local"
                                                      : "cloud";
  impl_->routed
      .Add({{"route", trace.route},
            {"answered_by", answered},
            {"escalated", trace.escalated_at_token ? "true" : "false"}})
      .Increment();
  for (const AttemptTrace& attempt : trace.attempts)
    impl_->attempts
        .Add({{"provider", attempt.provider},
              {"model", attempt.model},
              {"outcome", attempt.error ? std::string(traits(*attempt.error).name) : "ok"}})
        .Increment();
  const TracedCost cost = cost_of(trace);
  if (const double* known = std::get_if<double>(&cost))
    impl_->route_cost.Add({{"route", trace.route}}).Increment(*known);
  else
    impl_->unpriced.Add({{"route", trace.route}}).Increment();
  impl_->thrown_away.Add({{"route", trace.route}})
      .Increment(static_cast<double>(trace.thrown_away_tokens));
  impl_->overhead.Add({{"route", trace.route}}, kGateBuckets)
      .Observe(trace.overhead_microseconds * 1e-6);
}

void Metrics::Impl::show_upstreams(std::span<const std::shared_ptr<Upstream>> shown) {
  for (const auto& [family, series] : upstreams)
    family->Remove(series);  // a reload takes some away
  upstreams.clear();
  const auto now = std::chrono::steady_clock::now();
  for (const auto& upstream : shown) {
    const UpstreamHealth health = upstream->health(now);
    const auto set = [&](prometheus::Family<prometheus::Gauge>& family, double value) {
      prometheus::Gauge& series = family.Add({{"upstream", upstream->config().name}});
      series.Set(value);
      upstreams.emplace_back(&family, &series);
    };
    set(upstream_open, health.state == BreakerState::Open ? 1 : 0);
    set(upstream_running, static_cast<double>(health.running));
    set(upstream_first, health.first_token_seconds);
  }
}

void Metrics::accounted(const LedgerRow& row) {
  const auto add = [&](const char* kind, const Money& money) {
    impl_->cost_rows.Add({{"kind", kind}, {"state", std::string(money_state_name(money.state))}})
        .Increment();
    if (money.nano > 0)
      impl_->cost.Add({{"kind", kind}, {"currency", row.currency}})
          .Increment(static_cast<double>(money.nano) * 1e-9);
  };
  add("cloud", row.cloud_cost);
  add("counterfactual", row.counterfactual_cost);
  add("local", row.local_cost);
  if (!row.team.empty() && row.cloud_cost.nano > 0)
    impl_->team_cost.Add({{"team", row.team}, {"currency", row.currency}})
        .Increment(static_cast<double>(row.cloud_cost.nano) * 1e-9);
  const auto count = [&](const char* kind, const std::optional<std::int64_t>& tokens) {
    if (tokens && *tokens > 0)
      impl_->ledger_tokens.Add({{"provider", row.provider}, {"kind", kind}})
          .Increment(static_cast<double>(*tokens));
  };
  count("prompt", row.prompt_tokens);
  count("cached", row.cached_tokens);
  count("completion", row.completion_tokens);
  if (row.energy_uj && *row.energy_uj > 0)
    impl_->energy.Add({{"method", row.energy_method}})
        .Increment(static_cast<double>(*row.energy_uj) * 1e-6);
}

void Metrics::show_ledger(const LedgerStatus& status) {
  const std::scoped_lock lock(impl_->showing);
  for (const LedgerState state : {LedgerState::Ok, LedgerState::Degraded, LedgerState::Failed})
    impl_->ledger_state.Add({{"state", std::string(ledger_state_name(state))}})
        .Set(status.state == state ? 1 : 0);
  const auto rows = [&](const char* where, std::uint64_t count) {
    impl_->ledger_rows.Add({{"where", where}}).Set(static_cast<double>(count));
  };
  rows("queue", status.rows_queued);
  rows("journal", status.rows_journaled);
  rows("database", status.rows_written);
  rows("lost", status.rows_refused);
}

std::string Metrics::text(std::span<const ModelView> models,
                          std::span<const std::shared_ptr<Upstream>> upstreams, bool ready) {
  const std::scoped_lock lock(impl_->showing);
  impl_->show_upstreams(upstreams);
  for (std::size_t i = 0; i < models.size(); ++i) impl_->models[i]->show(models[i]);
  impl_->ready.Add({{"model", impl_->models.front()->name}}).Set(ready ? 1 : 0);
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace croft

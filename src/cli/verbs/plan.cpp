#include <algorithm>

#include "base/limits.h"
#include "cli/model_access.h"
#include "cli/plan_measure.h"
#include "cli/plan_mix.h"
#include "cli/plan_report.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

constexpr std::size_t rates_bytes_max = 4 * limits::MiB;
constexpr std::size_t runs = 5;
constexpr std::size_t requests_max = 1500;
constexpr std::size_t requests_min = 100;
/// Answer tokens of a run: long answers are simulated with fewer requests.
constexpr double run_tokens = 300'000;

/// What was measured cannot be measured otherwise: nothing a user gives is dropped in silence.
Result<void> refuse_beside_rates(const Settings& settings) {
  for (const char* name : {"model", "threads", "kv-type"})
    if (settings.origin(name) == Origin::Flag)
      return fail(ErrorCode::InvalidArgument,
                  std::string("--") + name + " cannot change rates that were measured before",
                  "Leave out --rates to measure, or leave out this option.", name);
  return {};
}

Result<MachineRates> rates_of(const Settings& settings, const std::vector<RequestClass>& mix) {
  const std::string& file = settings.text("rates");
  if (!file.empty()) {
    TRY(refuse_beside_rates(settings));
    return parse_rates(TRY(read_file_or_stdin(file, rates_bytes_max)), file);
  }
  const auto path = TRY(model_path(settings, settings.text("model")));
  // As `serve` would: what does not fit is refused here already.
  std::unique_ptr<Engine> engine = TRY(open_engine(settings, path, {}));
  const std::shared_ptr<const Model> model = engine->shared_model();
  const EngineOptions options = engine->options();
  engine.reset();
  if (model->decoder() == nullptr)
    return fail(ErrorCode::Unsupported,
                path.string() + " is an embedding model: it generates nothing",
                "Use a text generator.");
  WorkloadOptions fits;
  fits.mix = mix;
  fits.context = options.context;
  fits.kv_pages = kv_page_count(options.context);
  TRY(fits.check());  // before anybody waits for a measurement
  const MachineRates measured = TRY(measure_rates(model, options));
  // Through the document, so that planning from it again gives this plan.
  return parse_rates(json::serialize(rates_json(measured)), "rates");
}

WorkloadOptions workload_of(const Settings& settings, const MachineRates& rates,
                            std::vector<RequestClass> mix) {
  WorkloadOptions work;
  work.mix = std::move(mix);
  work.spread = settings.real("spread");
  work.target = {.first_s = settings.real("first-ms") / 1e3,
                 .between_s = settings.real("between-ms") / 1e3,
                 .percentile = settings.real("percentile")};
  work.seed = settings.size("seed");
  work.context = settings.size("context") == 0 ? rates.context : settings.size("context");
  const EngineOptions engine = engine_options(settings, {});
  work.scheduler = {.parallel = engine.parallel,
                    .chunk_max = engine.prefill_chunk,
                    .prefix_cache = engine.prefix_cache,
                    .prefix_pages_max = engine.prefix_bytes / rates.kv_page_bytes};
  // As the server's: room for all that run and one more, as far as there is memory.
  work.kv_pages =
      std::max(kv_page_count(work.context),
               std::min((engine.parallel + 1) * kv_page_count(work.context),
                        static_cast<std::size_t>(rates.kv_bytes_max / rates.kv_page_bytes)));
  double shares = 0.0, tokens = 0.0;
  for (const RequestClass& one : work.mix) {
    shares += one.share;
    tokens += one.share * static_cast<double>(one.answer);
  }
  work.runs = runs;
  work.requests = static_cast<std::size_t>(std::clamp(run_tokens * shares / tokens,
                                                      static_cast<double>(requests_min),
                                                      static_cast<double>(requests_max)));
  return work;
}

Result<CapacityPlan> make_plan(MachineRates rates, WorkloadOptions work, const Usage& usage,
                               double at) {
  CapacityPlan plan;
  plan.rates = std::move(rates);
  plan.workload = std::move(work);
  plan.usage = usage;
  const StepRates& steps = plan.rates.steps;
  plan.alone = TRY(simulate_load(steps, plan.workload, 0.0));
  plan.capacity = TRY(find_capacity(steps, plan.workload));
  for (const double share : {0.5, 0.7, 0.9})
    plan.loads.push_back(TRY(simulate_load(steps, plan.workload, plan.capacity.rate * share)));
  if (at > 0.0) plan.asked = TRY(simulate_load(steps, plan.workload, at));
  if (const auto gain = one_core_more(plan.rates.threads)) {
    // Noise of the search must not make the range begin below what is there.
    const auto with = [&](const StepScale& scale) -> Result<double> {
      const LoadResult more = TRY(find_capacity(scaled(steps, scale), plan.workload));
      return std::max(more.rate, plan.capacity.rate);
    };
    plan.core_low = TRY(with(gain->low));
    plan.core_high = std::max(TRY(with(gain->high)), *plan.core_low);
  }
  WorkloadOptions scattered = plan.workload;
  scattered.shared_found = 0.5;
  // A target that only a known beginning meets is met by no request without one: that is a zero.
  if (const auto found = find_capacity(steps, scattered))
    plan.machine_no_affinity = std::min(plan.capacity.rate, found->rate);
  return plan;
}

}  // namespace

Result<int> plan_verb(const Settings& settings) {
  std::vector<RequestClass> mix = TRY(parse_mix(settings.list("mix")));
  MachineRates rates = TRY(rates_of(settings, mix));
  const WorkloadOptions work = workload_of(settings, rates, std::move(mix));
  const Usage usage = {.requests_per_user = settings.real("requests-per-user"),
                       .busy_hour_share = settings.real("busy-hour-share")};
  const CapacityPlan plan = TRY(make_plan(std::move(rates), work, usage, settings.real("at")));
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(plan_json(plan))));
  } else {
    TRY(print(plan_text(plan)));
  }
  return 0;
}

}  // namespace croft::cli

#include <utility>

#include "router/bench/routing_page.h"

namespace croft {
namespace {

json::value figure(const Estimate& one) {
  if (!one.value) return nullptr;
  return json::object{{"value", *one.value}, {"low", one.low}, {"high", one.high}};
}

json::value figure(const std::optional<double>& value, const std::optional<ShareInterval>& ends) {
  if (!value) return nullptr;
  return figure(Estimate{value, ends ? ends->low : *value, ends ? ends->high : *value});
}

json::object accuracy_json(const PairAccuracy& on) {
  return {{"rows", on.rows},
          {"weak", figure(on.weak)},
          {"strong", figure(on.strong)},
          {"oracle", figure(on.oracle)},
          {"only_weak", on.only_weak},
          {"only_strong", on.only_strong}};
}

json::array routers_json(const std::vector<RouterFigures>& routers) {
  json::array out;
  for (const RouterFigures& router : routers) {
    const Frontier& on = router.frontier;
    json::array curve;
    for (const FrontierPoint& at : on.curve)
      curve.push_back(json::array{at.escalated, at.quality, at.interval.low, at.interval.high});
    json::object one{{"router", router.key},
                     {"auc", figure(router.auc, router.auc_interval)},
                     {"escalated_for_target", figure(on.share_for_target, on.share_interval)},
                     {"area", figure(std::optional(on.area), std::optional(on.area_interval))},
                     {"curve", std::move(curve)}};
    if (router.gap)
      one["gap_closed"] = json::object{{"area", figure(router.gap->by_area)},
                                       {"at_budget", figure(router.gap->at_budget)},
                                       {"budget", router.gap->budget},
                                       {"escalations", figure(router.gap->by_escalation)}};
    out.push_back(std::move(one));
  }
  return out;
}

json::array contracts_json(const std::vector<ContractOutcome>& contracts) {
  json::array out;
  for (const ContractOutcome& one : contracts) {
    json::object object{{"max_worse", one.max_worse}, {"proven", one.made.has_value()}};
    if (one.made) {
      const HeldOut& seen = one.made->held_out;
      object["proof_served"] = one.made->proof_served;
      object["proof_losses"] = one.made->proof_loss_sum;
      object["p_value"] = one.made->proof_p_value;
      object["held_out"] = json::object{
          {"rows", seen.rows},
          {"served", seen.served},
          {"escalated",
           figure(std::optional(seen.escalation), std::optional(seen.escalation_interval))},
          {"risk", figure(std::optional(seen.risk), std::optional(seen.risk_interval))},
          {"local_risk", seen.local_risk},
          {"ece", seen.ece}};
    } else {
      object["refusal"] = one.refusal;
    }
    out.push_back(std::move(object));
  }
  return out;
}

json::array texts(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& text : list) out.push_back(json::value(json::string(text)));
  return out;
}

json::array numbers_of(const std::vector<double>& list) {
  json::array out;
  for (const double value : list) out.push_back(json::value(value));
  return out;
}

json::object mix_figures_json(const MixFigures& figures) {
  return {{"local", figure(figures.local)},
          {"quality_kept", figure(figures.kept)},
          {"cost_saved", figure(figures.saved)}};
}

json::array points_json(const std::vector<MixPoint>& points) {
  json::array out;
  for (const MixPoint& at : points) {
    json::object one = mix_figures_json(at.figures);
    one["weights"] = numbers_of(at.weights);
    out.push_back(std::move(one));
  }
  return out;
}

json::object mix_json(const MixReport& mix) {
  json::array alone;
  for (const MixFigures& one : mix.alone) alone.push_back(mix_figures_json(one));
  return {{"local", mix.local},
          {"tasks", texts(mix.tasks)},
          {"weights", numbers_of(mix.weights)},
          {"without_data", texts(mix.without_data)},
          {"weight_without_data", mix.weight_without_data},
          {"confidence", mix_figures_json(mix.confidence)},
          {"prompt", mix.prompt ? json::value(mix_figures_json(*mix.prompt)) : json::value()},
          {"alone", std::move(alone)},
          {"hardest", mix.tasks[mix.hardest]},
          {"sweep", points_json(mix.sweep)},
          {"grid", points_json(mix.grid)}};
}

}  // namespace

json::object routing_json(const RoutingNumbers& numbers, const RoutingBenchOptions& options) {
  json::array published, pairs, mixes;
  for (const PublishedReport& set : numbers.published) {
    json::object one = accuracy_json(set.accuracy);
    one["name"] = set.name;
    one["files"] = set.files;
    one["routers"] = routers_json(set.routers);
    published.push_back(std::move(one));
  }
  for (const PairReport& pair : numbers.pairs) {
    json::object one = accuracy_json(pair.accuracy);
    one["task"] = pair.task;
    one["local"] = pair.local;
    one["cloud"] = pair.cloud;
    one["routers"] = routers_json(pair.routers);
    if (pair.agreement) {
      one["agreement"] = accuracy_json(pair.agreement->accuracy);
      one["agreement"].get_object()["routers"] = routers_json(pair.agreement->routers);
    }
    one["contracts"] = contracts_json(pair.contracts);
    one["left_out"] = texts(pair.left_out);
    pairs.push_back(std::move(one));
  }
  for (const MixReport& mix : numbers.mixes) mixes.push_back(mix_json(mix));
  return {{"seed", options.corpus.seed},
          {"folds", options.corpus.folds},
          {"resamples", options.corpus.resamples},
          {"published", std::move(published)},
          {"pairs", std::move(pairs)},
          {"mixes", std::move(mixes)},
          {"skipped", texts(numbers.skipped)}};
}

}  // namespace croft

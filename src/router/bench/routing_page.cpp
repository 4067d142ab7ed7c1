#include "router/bench/routing_page.h"

#include <algorithm>
#include <cstdio>

#include "router/bench/routing_text.h"

namespace croft {
namespace {

// What the issue asks of a mix.
constexpr double local_wanted = 0.80;
constexpr double saved_wanted = 0.85;
// The threshold is chosen to keep just as much as asked, so what is kept lies at the limit.
constexpr double kept_tolerance = 0.005;

std::string plot_link(const std::string& name, std::string_view folder) {
  if (folder.empty()) return {};
  return "![" + name + "](" + std::string(folder) + routing_file_name(name, ".svg") + ")\n\n";
}

std::string accuracy_line(const PairAccuracy& on, const std::string& weak,
                          const std::string& strong) {
  return std::to_string(on.rows) + " rows. Right: " + weak + " " + estimate_text(on.weak) + ", " +
         strong + " " + estimate_text(on.strong) + ", either of them " + estimate_text(on.oracle) +
         ". Only the first is right in " + std::to_string(on.only_weak) +
         " rows, only the second in " + std::to_string(on.only_strong) + ".\n\n";
}

std::string router_table(const std::vector<RouterFigures>& routers) {
  std::string out =
      table_head({"router", "AUC \"local is right\"", "escalated for 95 % of the strong", "area"});
  for (const RouterFigures& router : routers)
    out += table_row({router.name, auc_text(router.auc, router.auc_interval),
                      share_text(router.frontier.share_for_target, router.frontier.share_interval),
                      estimate_text({router.frontier.area, router.frontier.area_interval.low,
                                     router.frontier.area_interval.high})});
  return out + "\n";
}

std::string gap_table(const std::vector<RouterFigures>& routers) {
  std::string rows;
  double budget = 0.0;
  for (const RouterFigures& router : routers)
    if (router.gap) {
      budget = router.gap->budget;
      rows += table_row({router.name, estimate_text(router.gap->by_area, 0),
                         estimate_text(router.gap->at_budget, 0),
                         estimate_text(router.gap->by_escalation, 0)});
    }
  if (rows.empty()) return {};
  return table_head({"share of the gap closed", "area",
                     "quality at " + percent_text(budget) + " escalated", "escalations for 95 %"}) +
         rows + "\n";
}

const RouterFigures* find_router(const std::vector<RouterFigures>& routers, std::string_view key) {
  const auto found = std::ranges::find(routers, key, &RouterFigures::key);
  return found == routers.end() ? nullptr : &*found;
}

/// What the gap table says about the aim of one half, in words.
std::string verdict(const std::vector<RouterFigures>& routers) {
  const RouterFigures* end = find_router(routers, "confidence");
  if (end == nullptr || !end->gap) return {};
  const auto say = [](const char* what, const Estimate& figure) -> std::string {
    if (!figure.value) return std::string(what) + ": not defined on these rows";
    const std::string share = percent_text(*figure.value, 0);
    if (figure.low >= 0.5) return std::string(what) + ": " + share + ", at least half";
    if (*figure.value >= 0.5)
      return std::string(what) + ": " + share + ", at least half, but the interval reaches below";
    return std::string(what) + ": " + share + ", **less than half**";
  };
  return "Of the gap between prompt only and the oracle, confidence at the end closes, by " +
         say("area", end->gap->by_area) + "; by " +
         say("quality at the budget", end->gap->at_budget) + "; by " +
         say("escalations", end->gap->by_escalation) + ".\n\n";
}

std::string contract_table(const std::vector<ContractOutcome>& contracts) {
  std::string out = table_head({"at most worse", "proof: served, losses, p", "escalated, held out",
                                "worse among the served, held out", "worse if all stay local"});
  std::string refusals;
  for (const ContractOutcome& one : contracts) {
    const std::string worse = percent_text(one.max_worse, 0);
    if (!one.made) {
      out += table_row({worse, "insufficient evidence", "100 %", "-", "-"});
      refusals += "- " + worse + ": " + plain_text(one.refusal) + "\n";
      continue;
    }
    const Calibration& made = *one.made;
    const HeldOut& seen = made.held_out;
    char p_value[32];
    std::snprintf(p_value, sizeof p_value, "%.3f", made.proof_p_value);
    out += table_row(
        {worse,
         std::to_string(made.proof_served) + " of " + std::to_string(made.rows.calibrate) + ", " +
             std::to_string(static_cast<long long>(made.proof_loss_sum)) + ", " + p_value,
         estimate_text(
             {seen.escalation, seen.escalation_interval.low, seen.escalation_interval.high}),
         seen.served == 0
             ? "none served"
             : estimate_text({seen.risk, seen.risk_interval.low, seen.risk_interval.high}) +
                   " of " + std::to_string(seen.served),
         percent_text(seen.local_risk)});
  }
  return out + "\n" + refusals + (refusals.empty() ? "" : "\n");
}

std::string published_section(const RoutingNumbers& numbers, std::string_view plots) {
  std::string out =
      "## 1. Published outcomes through gates only\n\n"
      "Method. RouteLLM (arXiv:2406.18665) publishes whether Mixtral-8x7B and GPT-4 answered each "
      "question "
      "correctly. The prompt becomes hashed features (words, pairs of words, runs of 3 to 5 bytes: "
      "the "
      "gates' own, `src/router/gates/intent_features.h`), and ridge regressions on them expect "
      "whether "
      "each model is right. Every row is judged by regressions on the other parts of a division by "
      "hash, "
      "so equal prompts share a part. Rows are escalated by P(weak is right), lowest first, or by "
      "expected "
      "benefit, P(strong is right) - P(weak is right), highest first. The lists of contaminated "
      "prompts "
      "that the original leaves out are not used: all rows count. An oracle knows both "
      "outcomes.\n\n";
  if (numbers.published.empty()) out += "No such data were given.\n\n";
  for (const PublishedReport& set : numbers.published) {
    out += "### " + set.name + "\n\n" + std::to_string(set.files) +
           (set.files == 1 ? " file. " : " files. ") +
           accuracy_line(set.accuracy, "Mixtral-8x7B", "GPT-4") + router_table(set.routers) +
           plot_link("route-routellm-" + set.name, plots);
  }
  return out;
}

std::string corpus_method(const RoutingBenchOptions& options) {
  return "## 2. Our own recordings\n\n"
         "Method. `bench/router/record.py` asked small models and one that stands for the cloud (" +
         plain_text(options.cloud) +
         ") the same rows and kept whether each answer is right and the log-probability, margin "
         "and "
         "entropy of every token. From these come the features that the server has at the same "
         "moment "
         "(`docs/formats/calibration.md`): after the prompt, after " +
         std::to_string(options.corpus.early_tokens) +
         " tokens, at the end. One logistic regression expects \"the local answer is right\", "
         "another "
         "\"the cloud's is right\"; every row is judged by models of the other " +
         std::to_string(options.corpus.folds - 1) +
         " parts. Rows are escalated by expected benefit, as prompt-only ones are. An answer that "
         "ended "
         "before the early point counts there as it was at its end. Agreement is the share of "
         "further "
         "answers at temperature 0.7 that equal the greedy one; its own panel has the rows for "
         "which such "
         "were drawn.\n\n"
         "Area is the mean quality over all shares of escalation. The share of the gap closed is "
         "(router - "
         "prompt only) / (oracle - prompt only), of the area; of the quality at the budget with "
         "which an "
         "oracle has no regret, which is the share of rows where only the cloud is right; and of "
         "the "
         "escalations needed for 95 % of the cloud's right answers. Accuracies have Wilson's "
         "intervals, "
         "everything else percentiles of " +
         std::to_string(options.corpus.resamples) +
         " bootstrap resamples of the rows, the same ones for all routers of a gap. The models are "
         "not "
         "fitted anew in each resample, so the intervals do not hold what another training set "
         "would "
         "change.\n\n"
         "The contract is Learn then Test: of the answers served locally at most so many are worse "
         "than "
         "the cloud's, 95 % sure; fitted on 40 % of the rows, proven on 40 %, and measured on the "
         "last "
         "20 %, which had no say. Where nothing is proven the answer is \"insufficient evidence\", "
         "and all "
         "is escalated.\n\n";
}

std::string pair_section(const PairReport& pair, std::string_view plots) {
  std::string out = "### " + plain_text(pair.task) + ": " + plain_text(pair.local) + "\n\n" +
                    accuracy_line(pair.accuracy, plain_text(pair.local), plain_text(pair.cloud)) +
                    router_table(pair.routers) + gap_table(pair.routers) + verdict(pair.routers);
  if (pair.agreement) {
    out += "Rows with further answers: " + std::to_string(pair.agreement->accuracy.rows) + ".\n\n" +
           router_table(pair.agreement->routers) + gap_table(pair.agreement->routers);
  }
  out += contract_table(pair.contracts);
  for (const std::string& reason : pair.left_out) out += "- Left out: " + plain_text(reason) + "\n";
  if (!pair.left_out.empty()) out += "\n";
  return out + plot_link("route-" + pair.task + "-" + pair.local, plots);
}

std::string weights_text(const std::vector<std::string>& tasks,
                         const std::vector<double>& weights) {
  std::string out;
  for (std::size_t t = 0; t < tasks.size(); ++t)
    out += (t == 0 ? "" : ", ") + percent_text(weights[t], 0) + " " + plain_text(tasks[t]);
  return out;
}

std::string mix_row_of(const std::string& name, const MixFigures& figures) {
  return table_row({name, estimate_text(figures.local), estimate_text(figures.kept),
                    estimate_text(figures.saved)});
}

/// How many mixes of the grid reach what is asked; `surely` with the interval's far end.
std::size_t holding(const MixReport& mix, double max_loss, bool surely) {
  const auto reaches = [&](const Estimate& figure, double wanted) {
    return figure.value && (surely ? figure.low : *figure.value) >= wanted;
  };
  return static_cast<std::size_t>(std::ranges::count_if(mix.grid, [&](const MixPoint& at) {
    return reaches(at.figures.local, local_wanted) && reaches(at.figures.saved, saved_wanted) &&
           reaches(at.figures.kept, 1.0 - max_loss - kept_tolerance);
  }));
}

std::string grid_text(const MixReport& mix, double max_loss) {
  if (mix.grid.empty()) return "A mix of one task has no other mixes.\n\n";
  std::string out = "Of " + std::to_string(mix.grid.size()) +
                    " mixes in even steps of these tasks, at least 80 % local and 85 % saved at " +
                    percent_text(max_loss, 0) + " loss holds in " +
                    std::to_string(holding(mix, max_loss, false)) +
                    "; with the far ends of all intervals in " +
                    std::to_string(holding(mix, max_loss, true)) + ".";
  for (std::size_t t = 0; t < mix.tasks.size(); ++t) {
    double least = 2.0, most = -1.0;
    for (const MixPoint& at : mix.grid) {
      const MixFigures& got = at.figures;
      if (!got.local.value || *got.local.value < local_wanted || !got.saved.value ||
          *got.saved.value < saved_wanted || !got.kept.value ||
          *got.kept.value < 1.0 - max_loss - kept_tolerance)
        continue;
      least = std::min(least, at.weights[t]);
      most = std::max(most, at.weights[t]);
    }
    if (most >= 0.0)
      out += " " + plain_text(mix.tasks[t]) + " is then " + percent_text(least, 0) + " to " +
             percent_text(most, 0) + " of the mix.";
  }
  return out + "\n\n";
}

std::string mix_section(const MixReport& mix, const RoutingBenchOptions& options,
                        std::string_view plots) {
  std::string out =
      "### " + plain_text(mix.local) + "\n\nThe mix: " + weights_text(mix.tasks, mix.weights) + ".";
  if (!mix.without_data.empty()) {
    out += " Without data and left out, " + percent_text(mix.weight_without_data, 0) +
           " of the stated mix:";
    for (const std::string& task : mix.without_data) out += " " + plain_text(task);
    out += ".";
  }
  out += "\n\n" + table_head({"", "answered locally", "quality kept", "cost saved"}) +
         mix_row_of("the mix, confidence", mix.confidence);
  if (mix.prompt) out += mix_row_of("the mix, prompt only", *mix.prompt);
  for (std::size_t t = 0; t < mix.alone.size(); ++t)
    out += mix_row_of("only " + plain_text(mix.tasks[t]) + ", confidence", mix.alone[t]);
  out += "\n" + grid_text(mix, options.max_loss);
  if (mix.sweep.empty()) return out;
  out += table_head({"share of " + plain_text(mix.tasks[mix.hardest]), "answered locally",
                     "quality kept", "cost saved"});
  for (const MixPoint& at : mix.sweep)
    out += mix_row_of(percent_text(at.weights[mix.hardest], 0), at.figures);
  return out + "\n" + plot_link("route-mix-" + mix.local, plots);
}

std::string price_text(double price) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", price);
  return text;
}

std::string mixes_section(const RoutingNumbers& numbers, const RoutingBenchOptions& options,
                          std::string_view plots) {
  std::string out =
      "## 3. A stated mix of requests\n\nMethod. A request of the mix is a row of a task, drawn by "
      "the "
      "task's weight. All tasks share one threshold on the expected benefit. It is chosen on all "
      "parts "
      "of the rows but one, as the one that escalates least and keeps " +
      percent_text(1.0 - options.max_loss, 0) +
      " of the cloud's right answers there, and applied to the part left out; each part has its "
      "turn. Quality "
      "kept and cost saved are relative to sending all to the cloud. Cost counts the tokens that "
      "the cloud's "
      "model had for the same row, examples in the prompt included, at " +
      price_text(options.corpus.cloud_prices.in) + " for a million tokens in and " +
      price_text(options.corpus.cloud_prices.out) + " out; a local answer costs " +
      price_text(options.corpus.local_prices.in) +
      " a million tokens in and out and is paid for escalated requests, too. Intervals: bootstrap "
      "within "
      "each task, with thresholds chosen anew, the scores as they are; " +
      std::to_string(options.corpus.resamples) + " resamples, " +
      std::to_string(options.sweep_resamples) +
      " for the sweeps. Quality kept counts as reached down to half a point below, since the "
      "threshold is "
      "chosen to keep no more than asked.\n\n";
  if (numbers.mixes.empty()) out += "No task of the mix has figures.\n\n";
  for (const MixReport& mix : numbers.mixes) out += mix_section(mix, options, plots);
  return out;
}

/// Tasks and models on one screen.
std::string summary(const RoutingNumbers& numbers) {
  if (numbers.pairs.empty()) return {};
  std::string out = table_head({"task, local model", "rows", "local", "cloud",
                                "escalated for 95 %: prompt only", "confidence", "oracle",
                                "gap closed: area", "at the budget", "contract 5 %: escalated"});
  for (const PairReport& pair : numbers.pairs) {
    const auto escalated = [&](std::string_view key) -> std::string {
      const RouterFigures* router = find_router(pair.routers, key);
      if (router == nullptr) return "-";
      const auto& share = router->frontier.share_for_target;
      return share ? percent_text(*share) : "never";
    };
    const RouterFigures* end = find_router(pair.routers, "confidence");
    const bool has_gap = end != nullptr && end->gap;
    std::string contract = "-";
    if (!pair.contracts.empty())
      contract = pair.contracts.front().made
                     ? percent_text(pair.contracts.front().made->held_out.escalation)
                     : "insufficient evidence";
    out += table_row({plain_text(pair.task) + ", " + plain_text(pair.local),
                      std::to_string(pair.accuracy.rows), percent_text(*pair.accuracy.weak.value),
                      percent_text(*pair.accuracy.strong.value), escalated("prompt"),
                      escalated("confidence"), escalated("oracle"),
                      has_gap ? estimate_text(end->gap->by_area, 0) : "-",
                      has_gap ? estimate_text(end->gap->at_budget, 0) : "-", contract});
  }
  return out + "\n";
}

}  // namespace

std::string routing_page(const RoutingNumbers& numbers, const RoutingBenchOptions& options,
                         std::string_view plots_folder) {
  std::string out =
      "# Routing: the figures\n\n"
      "Written by `croft route bench`; do not edit. Shares are followed by their 95 % interval. "
      "The same "
      "inputs and seed (" +
      std::to_string(options.corpus.seed) + ") give the same page.\n\n" + summary(numbers);
  if (!numbers.skipped.empty()) {
    out += "Not measured:\n\n";
    for (const std::string& reason : numbers.skipped) out += "- " + plain_text(reason) + "\n";
    out += "\n";
  }
  out += published_section(numbers, plots_folder) + corpus_method(options);
  if (numbers.pairs.empty()) out += "No pair of recordings was given.\n\n";
  for (const PairReport& pair : numbers.pairs) out += pair_section(pair, plots_folder);
  out += mixes_section(numbers, options, plots_folder);
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace croft

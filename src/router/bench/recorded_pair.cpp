#include "router/bench/recorded_pair.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "router/bench/confidence_scores.h"
#include "router/bench/prompt_scores.h"
#include "router/confidence/calibrate.h"

namespace croft {
namespace {

constexpr std::size_t rows_min = 50;

constexpr auto kEarly = static_cast<std::size_t>(DecisionPoint::Early);
constexpr auto kPrefill = static_cast<std::size_t>(DecisionPoint::Prefill);
constexpr auto kEnd = static_cast<std::size_t>(DecisionPoint::End);

/// The rows that both models answered.
struct Joined {
  std::vector<RecordedPair> answers;
  OutcomePairs pairs;
  std::vector<std::uint32_t> folds;
};

Joined join(const RecordedFile& local, const RecordedFile& cloud, const PromptsById* prompts,
            const CorpusOptions& options) {
  std::unordered_map<std::string_view, const RecordedAnswer*> by_id;
  for (const RecordedAnswer& answer : cloud.rows) by_id.emplace(answer.id, &answer);
  Joined out;
  bool has_prompts = prompts != nullptr;
  for (const RecordedAnswer& answer : local.rows) {
    const auto other = by_id.find(answer.id);
    if (other == by_id.end()) continue;
    out.answers.push_back({&answer, other->second});
    out.pairs.ids.push_back(answer.id);
    out.pairs.weak.push_back(answer.correct ? 1.0 : 0.0);
    out.pairs.strong.push_back(other->second->correct ? 1.0 : 0.0);
    if (!has_prompts) continue;
    const auto text = prompts->find(answer.id);
    has_prompts = text != prompts->end();
    if (has_prompts) out.pairs.prompts.push_back(text->second);
  }
  if (!has_prompts) out.pairs.prompts.clear();
  out.folds =
      folds_of(has_prompts ? out.pairs.prompts : out.pairs.ids, options.folds, options.seed);
  return out;
}

Joined with_samples_only(const Joined& all) {
  Joined out;
  for (std::size_t i = 0; i < all.answers.size(); ++i) {
    if (!all.answers[i].local->agreement) continue;
    out.answers.push_back(all.answers[i]);
    out.pairs.ids.push_back(all.pairs.ids[i]);
    if (!all.pairs.prompts.empty()) out.pairs.prompts.push_back(all.pairs.prompts[i]);
    out.pairs.weak.push_back(all.pairs.weak[i]);
    out.pairs.strong.push_back(all.pairs.strong[i]);
    out.folds.push_back(all.folds[i]);
  }
  return out;
}

/// Features of a point; an answer that ended before it is judged by what it was at its end.
std::vector<ConfidenceFeatures> features_at(const Joined& rows, std::size_t point,
                                            std::uint32_t early_tokens) {
  std::vector<ConfidenceFeatures> out;
  for (const RecordedPair& pair : rows.answers) {
    const PointFeatures all = recorded_features(*pair.local, early_tokens);
    ConfidenceFeatures features = all[point] ? *all[point] : *all[kEnd];
    out.push_back(features);
  }
  return out;
}

std::vector<ConfidenceFeature> all_features(bool with_agreement) {
  std::vector<ConfidenceFeature> out;
  for (std::size_t i = 0; i < confidence_feature_count; ++i)
    if (with_agreement || static_cast<ConfidenceFeature>(i) != ConfidenceFeature::SampleAgreement)
      out.push_back(static_cast<ConfidenceFeature>(i));
  return out;
}

std::vector<double> agreement_of(const Joined& rows) {
  std::vector<double> out;
  for (const RecordedPair& pair : rows.answers) out.push_back(*pair.local->agreement);
  return out;
}

/// One set of rows with the routers judged on it so far.
class Panel {
 public:
  Panel(const Joined& rows, const CorpusOptions& options, std::vector<std::string>& left_out)
      : rows_(rows), options_(options), left_out_(left_out) {}

  /// Expected outcomes by the signals of one point; nullopt where there is not enough to learn.
  Result<std::optional<ExpectedOutcomes>> signals(const std::string& name, const std::string& key,
                                                  std::size_t point, bool with_agreement,
                                                  const NestedPromptScores* prompts = nullptr) {
    auto scores = score_signals(
        features_at(rows_, point, options_.early_tokens), rows_.pairs, rows_.folds, options_.folds,
        {.penalty = 1.0, .features = all_features(with_agreement)}, prompts);
    if (!scores && scores.error().code == ErrorCode::Unproven) {
      left_out_.push_back(name + ": " + scores.error().message);
      return std::nullopt;
    }
    if (!scores) return std::unexpected(std::move(scores).error());
    TRY(add(name, key, scores->staying(), scores->weak));
    return std::move(*scores);
  }

  Result<void> add(const std::string& name, const std::string& key,
                   const std::vector<double>& staying, const std::vector<double>& weak_right) {
    RouterFigures figures =
        TRY(router_figures(name, key, staying, weak_right, rows_.pairs, figure_options()));
    if (!prompt_.empty())
      figures.gap = TRY(gap_closed(prompt_, staying, rows_.pairs.weak, rows_.pairs.strong,
                                   {.resamples = options_.resamples, .seed = options_.seed}));
    routers_.push_back(std::move(figures));
    return {};
  }
  Result<void> add_random() {
    routers_.push_back(TRY(random_figures(rows_.pairs, figure_options())));
    return {};
  }
  Result<void> add_oracle() {
    routers_.push_back(TRY(oracle_figures(rows_.pairs, figure_options())));
    return {};
  }
  /// Those added from here on are compared with it.
  void compare_with(std::vector<double> prompt) { prompt_ = std::move(prompt); }
  [[nodiscard]] const std::vector<double>& prompt() const { return prompt_; }
  [[nodiscard]] std::vector<RouterFigures> take() { return std::move(routers_); }

 private:
  [[nodiscard]] FigureOptions figure_options() const {
    return {.resamples = options_.resamples, .seed = options_.seed};
  }

  const Joined& rows_;
  const CorpusOptions& options_;
  std::vector<std::string>& left_out_;
  std::vector<double> prompt_;
  std::vector<RouterFigures> routers_;
};

/// nullopt without prompts.
Result<std::optional<NestedPromptScores>> add_prompt_only(const Joined& rows,
                                                          const CorpusOptions& options,
                                                          Panel& panel) {
  if (rows.pairs.prompts.empty()) return std::nullopt;
  NestedPromptScores nested = TRY(score_prompts_nested(
      rows.pairs, {.folds = options.folds, .seed = options.seed, .threads = options.threads}));
  const ExpectedOutcomes scores = nested.plain();
  TRY(panel.add("prompt only", "prompt", scores.staying(), scores.weak));
  panel.compare_with(scores.staying());
  return nested;
}

Result<void> add_agreement(const Joined& all, const CorpusOptions& options, PairReport& out) {
  const Joined rows = with_samples_only(all);
  if (rows.answers.size() < rows_min) {
    if (!rows.answers.empty())
      out.left_out.push_back("agreement: only " + std::to_string(rows.answers.size()) +
                             " rows have further answers");
    return {};
  }
  AgreementFigures made{.accuracy = pair_accuracy(rows.pairs), .routers = {}};
  Panel panel(rows, options, out.left_out);
  TRY(panel.add_random());
  TRY(add_prompt_only(rows, options, panel));
  TRY(panel.add("agreement", "agreement", agreement_of(rows), agreement_of(rows)));
  TRY(panel.signals("confidence, end", "confidence", kEnd, false));
  TRY(panel.signals("confidence and agreement", "confidence_agreement", kEnd, true));
  TRY(panel.add_oracle());
  made.routers = panel.take();
  out.agreement = std::move(made);
  return {};
}

Result<void> add_contracts(const CorpusOptions& options, PairReport& out) {
  const LabelledAnswers rows = TRY(parse_labelled_answers(out.rows_text, out.task));
  for (const double max_worse : options.max_worse) {
    auto made = calibrate(
        rows, {.max_worse = max_worse, .seed = options.seed, .features = all_features(false)});
    if (!made && made.error().code != ErrorCode::Unproven)
      return std::unexpected(std::move(made).error());
    ContractOutcome outcome{.max_worse = max_worse, .made = {}, .refusal = {}};
    if (made)
      outcome.made = std::move(*made);
    else
      outcome.refusal = made.error().message;
    out.contracts.push_back(std::move(outcome));
  }
  return {};
}

}  // namespace

Result<PairReport> bench_pair(const RecordedFile& local, const RecordedFile& cloud,
                              const PromptsById* prompts, const CorpusOptions& options) {
  if (local.task != cloud.task)
    return fail(ErrorCode::InvalidArgument,
                "the files hold different tasks: " + local.task + " and " + cloud.task);
  const Joined rows = join(local, cloud, prompts, options);
  if (rows.answers.size() < rows_min)
    return fail(ErrorCode::Unproven, local.task + ", " + local.model + ": only " +
                                         std::to_string(rows.answers.size()) +
                                         " rows are answered by " + cloud.model +
                                         " too, fewer than " + std::to_string(rows_min));
  PairReport out;
  out.task = local.task;
  out.local = local.model;
  out.cloud = cloud.model;
  out.accuracy = pair_accuracy(rows.pairs);
  out.rows_text =
      labelled_rows_text(local, cloud, rows.answers, options.early_tokens, options.cloud_prices);
  Panel panel(rows, options, out.left_out);
  TRY(panel.add_random());
  if (rows.pairs.prompts.empty())
    out.left_out.emplace_back("prompt only: the questions' texts are not there");
  const auto nested = TRY(add_prompt_only(rows, options, panel));
  out.prompt_staying = panel.prompt();
  TRY(panel.signals("confidence, prefill", "confidence_prefill", kPrefill, false));
  if (std::ranges::any_of(rows.answers, [&](const RecordedPair& pair) {
        return pair.local->logprobs.size() > options.early_tokens;
      }))
    TRY(panel.signals("confidence, after " + std::to_string(options.early_tokens) + " tokens",
                      "confidence_early", kEarly, false));
  const auto at_end = TRY(panel.signals("confidence, end", "confidence", kEnd, false));
  if (nested)
    TRY(panel.signals("confidence, end, and prompt", "confidence_prompt", kEnd, false, &*nested));
  TRY(panel.add_oracle());
  out.routers = panel.take();
  TRY(add_agreement(rows, options, out));
  TRY(add_contracts(options, out));
  out.weak = rows.pairs.weak;
  out.strong = rows.pairs.strong;
  out.folds = rows.folds;
  if (at_end) out.staying = at_end->staying();
  for (const RecordedPair& pair : rows.answers) {
    out.cloud_cost.push_back(options.cloud_prices.cost(*pair.cloud));
    out.local_cost.push_back(options.local_prices.cost(*pair.local));
  }
  return out;
}

}  // namespace croft

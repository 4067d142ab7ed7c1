// The options table: `croft route calibrate`.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

std::vector<OptionSpec> promise_options() {
  return {
      {.name = "max-worse",
       .value_name = "SHARE",
       .fallback = "5%",
       .help = "promise: at most this share of the local answers is worse; 5% or 0.05, above 0 and "
               "below 1"},
      {.name = "confidence",
       .value_name = "SHARE",
       .fallback = "95%",
       .help = "how sure the promise is, and the intervals; 95% or 0.95, above 0 and below 1"},
      {.name = "method",
       .kind = OptionKind::Choice,
       .value_name = "M",
       .fallback = "ltt",
       .choices = "ltt|crc",
       .help = "ltt (learn then test): risk among the answers served, with the confidence; crc "
               "(conformal risk control): risk over all traffic, in expectation, without one"},
      {.name = "decide-at",
       .kind = OptionKind::Choice,
       .value_name = "POINT",
       .fallback = "end",
       .choices = "prefill|early|end",
       .help = "the point at which it is decided for good; points before it may only escalate"},
      {.name = "early-loss",
       .value_name = "SHARE",
       .fallback = "2%",
       .help = "of the answers that would be served, each earlier point may escalate this share in "
               "order to save time; from 0 to below 1"},
  };
}

std::vector<OptionSpec> model_options() {
  return {
      {.name = "task",
       .value_name = "NAME",
       .help = "use only the rows of this task; without it all rows, whatever their mix"},
      {.name = "feature",
       .kind = OptionKind::List,
       .value_name = "NAME",
       .help = "a feature that the model may use; repeatable; without it all that vary",
       .in_environment = false},
      flag("isotonic", "bend the score by isotonic regression on a third of the fit part"),
      {.name = "penalty",
       .kind = OptionKind::Real,
       .value_name = "X",
       .fallback = "1",
       .min = 1e-6,
       .max = 1e6,
       .help = "L2 penalty of the logistic regression, on standardised features"},
      {.name = "fit-share",
       .value_name = "SHARE",
       .fallback = "40%",
       .help = "part of the rows that the models are fitted on"},
      {.name = "calibrate-share",
       .value_name = "SHARE",
       .fallback = "40%",
       .help = "part of the rows that the threshold is proven on; what is left is the test"},
      {.name = "split-seed",
       .kind = OptionKind::Integer,
       .value_name = "N",
       .fallback = "0",
       .min = 0,
       .max = 1e12,
       .help = "another number splits the rows otherwise; choose it before looking"},
  };
}

std::vector<OptionSpec> output_options() {
  return {
      {.name = "model-digest",
       .value_name = "TEXT",
       .help = "digest of the local model that answered; the rows' header line may say it",
       .in_environment = false,
       .in_file = false},
      {.name = "template-hash",
       .value_name = "TEXT",
       .help = "hash of the chat template that was used; the rows' header line may say it",
       .in_environment = false,
       .in_file = false},
      {.name = "early-tokens",
       .kind = OptionKind::Integer,
       .value_name = "N",
       .fallback = "0",
       .min = 0,
       .max = 65'536,
       .unit = "tokens",
       .help = "when the early point comes; 0 is what the rows' header line says"},
      {.name = "out",
       .kind = OptionKind::Path,
       .value_name = "FILE",
       .help = "write the calibration here, whole or not at all",
       .completion = Completion::File,
       .in_environment = false,
       .in_file = false},
      {.name = "plot",
       .kind = OptionKind::Path,
       .value_name = "FILE",
       .help = "write a reliability plot here, as SVG",
       .completion = Completion::File,
       .in_environment = false,
       .in_file = false},
      json_option(),
  };
}

}  // namespace

VerbSpec route_calibrate_verb_spec() {
  VerbSpec verb{
      .name = "route calibrate",
      .summary = "find the cheapest threshold that keeps a promise about quality",
      .details =
          "Reads labelled answers as JSON lines, one request a line: what the local model knew "
          "while it answered, and whether its answer was acceptable (docs/formats/calibration.md). "
          "Splits them into three parts: fits a model of P(acceptable) on the first, finds the "
          "threshold on the second, and measures it on the third. Where rows say whether the "
          "cloud's answer was acceptable, worse means that the cloud's was and the local one was "
          "not. Where the rows cannot prove the promise it says so, says how many would, and ends "
          "with exit code 10.",
      .arguments = {{.name = "LABELLED",
                     .help = "the labelled answers; - is standard input",
                     .completion = Completion::File}},
      .options = {}};
  for (const auto& part : {promise_options(), model_options(), output_options()})
    verb.options.insert(verb.options.end(), part.begin(), part.end());
  return verb;
}

}  // namespace croft::cli

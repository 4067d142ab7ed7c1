// The options table: `croft route label`.
#include "cli/common_options.h"

namespace croft::cli {

VerbSpec route_label_verb_spec() {
  return {
      .name = "route label",
      .summary = "answer labelled questions and record what a calibration learns from",
      .details =
          "Reads questions as JSON lines: {\"prompt\" or \"messages\", \"expected\" and/or "
          "\"cloud_answer\"}, with \"id\", \"task\" and \"cost\" where known. The local model "
          "answers each without sampling; an answer is acceptable where it fits what was expected "
          "or, without that, what the cloud answered. The output is what `croft route calibrate` "
          "takes: the same features at the same points as the server sees them.",
      .arguments = {{.name = "QUESTIONS",
                     .help = "the questions; - is standard input",
                     .completion = Completion::File}},
      .options = {
          model_option(true),
          {.name = "out",
           .alias = 'o',
           .kind = OptionKind::Path,
           .value_name = "FILE",
           .help = "the file to write; the default is standard output",
           .completion = Completion::File,
           .in_file = false},
          {.name = "accept",
           .kind = OptionKind::Choice,
           .value_name = "RULE",
           .fallback = "exact",
           .choices = "exact|contains|number|json",
           .help = "when an answer fits: the same words, those words somewhere, the same last "
                   "number, or the same JSON"},
          {.name = "max-tokens",
           .kind = OptionKind::Integer,
           .value_name = "N",
           .fallback = "256",
           .min = 1,
           .max = 1e6,
           .unit = "tokens",
           .help = "of an answer at most"},
          {.name = "early-tokens",
           .kind = OptionKind::Integer,
           .value_name = "N",
           .fallback = "16",
           .min = 1,
           .max = 65'536,
           .unit = "tokens",
           .help = "when the early decision point comes; the route should hold as many"},
          context_option("positions per sequence; 0 is the model's own"),
          threads_option("0 is one per available CPU"),
      }};
}

}  // namespace croft::cli

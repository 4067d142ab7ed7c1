// The options table: `croft plan`.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

std::vector<OptionSpec> demand_options() {
  return {
      {.name = "mix",
       .kind = OptionKind::List,
       .value_name = "CLASS",
       .help = "a class of requests, NAME=SHARE,PROMPT,ANSWER[,SHARED], such as "
               "support=60,300,120,200: share, mean tokens, and how many of the prompt's first are "
               "the same in all; repeatable",
       .in_environment = false},
      {.name = "spread",
       .kind = OptionKind::Real,
       .value_name = "X",
       .fallback = "0.5",
       .min = 0,
       .max = 3,
       .help = "standard deviation of lengths as a share of their mean; 0 makes all alike"},
      {.name = "first-ms",
       .kind = OptionKind::Real,
       .value_name = "N",
       .fallback = "1000",
       .min = 0.001,
       .max = 1e6,
       .unit = "milliseconds",
       .help = "target: time to the first token"},
      {.name = "between-ms",
       .kind = OptionKind::Real,
       .value_name = "N",
       .fallback = "100",
       .min = 0.001,
       .max = 1e6,
       .unit = "milliseconds",
       .help = "target: time between two tokens of an answer"},
      {.name = "percentile",
       .kind = OptionKind::Real,
       .value_name = "P",
       .fallback = "95",
       .min = 1,
       .max = 99.9,
       .help = "of both times, this percentile must meet the target"},
      {.name = "at",
       .kind = OptionKind::Real,
       .value_name = "N",
       .fallback = "0",
       .min = 0,
       .max = 1e6,
       .unit = "requests a second",
       .help = "say what this load would meet, too; 0 asks for nothing"},
      {.name = "requests-per-user",
       .kind = OptionKind::Real,
       .value_name = "N",
       .fallback = "40",
       .min = 0.001,
       .max = 1e6,
       .help = "requests that one person makes in a working day"},
      {.name = "busy-hour-share",
       .kind = OptionKind::Real,
       .value_name = "X",
       .fallback = "0.2",
       .min = 0.01,
       .max = 1,
       .help = "part of a day's requests that comes in its busiest hour"},
  };
}

}  // namespace

VerbSpec plan_verb_spec() {
  VerbSpec verb{
      .name = "plan",
      .summary = "say how many users this machine carries",
      .details =
          "Measures this machine with the model, then runs the server's scheduler against a "
          "virtual clock with requests that arrive at random, and finds the highest rate at which "
          "the latency target holds; says what one core or one machine more would add, and "
          "everything it assumes. --json prints the plan with the rates it was made from; --rates "
          "plans from such a document instead of measuring: for another machine, or another "
          "mix.",
      .arguments = {},
      .options = {
          model_option(false, "smollm2:135m"),
          {.name = "rates",
           .kind = OptionKind::Path,
           .value_name = "FILE",
           .help = "plan from the rates that an earlier --json printed; - is standard input",
           .completion = Completion::File}}};
  for (const OptionSpec& option : demand_options()) verb.options.push_back(option);
  for (const OptionSpec& option :
       {parallel_option("16", "answers computed together"), prefix_cache_option(), context_option(),
        kv_type_option(), threads_option(), prefill_chunk_option()})
    verb.options.push_back(option);
  verb.options.push_back({.name = "seed",
                          .kind = OptionKind::Integer,
                          .value_name = "N",
                          .fallback = "1",
                          .min = 0,
                          .max = 1e12,
                          .help = "start of the random numbers: the same rates and seed give the "
                                  "same plan"});
  verb.options.push_back(json_option());
  return verb;
}

}  // namespace croft::cli

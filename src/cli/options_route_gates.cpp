// The options table: croft route train, croft route evaluate.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

ArgumentSpec data_argument() {
  return {.name = "DATA",
          .help = R"(JSON lines, each {"text": "...", "label": "..."})",
          .completion = Completion::File};
}

VerbSpec train_verb() {
  return {
      .name = "route train",
      .summary = "train an intent model from labelled texts",
      .details =
          "Rows labelled oos, out_of_scope or none are texts that fit no label: they teach the "
          "model to answer \"no signal\". Every row is judged once by a model that has not seen "
          "its "
          "text; the printed figures and the threshold of \"no signal\" come from that, the model "
          "that is written from all rows. The same rows and seed give the same model. New texts "
          "by other people are a little harder than held-out rows: keep some of theirs for `croft "
          "route evaluate`.",
      .arguments = {data_argument()},
      .options = {{.name = "out",
                   .alias = 'o',
                   .kind = OptionKind::Path,
                   .value_name = "FILE",
                   .help = "the model file to write; one that is there is replaced",
                   .completion = Completion::File,
                   .required = true,
                   .in_environment = false,
                   .in_file = false},
                  {.name = "folds",
                   .kind = OptionKind::Integer,
                   .value_name = "N",
                   .fallback = "5",
                   .min = 2,
                   .max = 20,
                   .help = "parts that the rows are cut into; each is judged by a model of the "
                           "others"},
                  {.name = "in-scope-kept",
                   .kind = OptionKind::Real,
                   .value_name = "X",
                   .fallback = "0.98",
                   .min = 0.5,
                   .max = 1,
                   .help = "share of held-out rows in scope that the threshold lets through, right "
                           "or wrong; less of it rejects more of what is out of scope"},
                  {.name = "seed",
                   .kind = OptionKind::Integer,
                   .value_name = "N",
                   .fallback = "1",
                   .min = 0,
                   .max = 1e12,
                   .help = "start of the random numbers that order and deal the rows"},
                  threads_option("threads that train; 0 is one per CPU this process may use"),
                  json_option()}};
}

VerbSpec evaluate_verb() {
  return {
      .name = "route evaluate",
      .summary = "measure an intent model on labelled texts",
      .details =
          "A row labelled oos, out_of_scope or none is answered right by \"no signal\". The time "
          "is that of single decisions in a row, each on its own.",
      .arguments = {{.name = "FILE",
                     .help = "a model file of croft route train",
                     .completion = Completion::File},
                    data_argument()},
      .options = {json_option()}};
}

}  // namespace

std::vector<VerbSpec> route_gate_verbs() {
  return {train_verb(), evaluate_verb()};
}

}  // namespace croft::cli

// The options table: croft privacy train.
#include "cli/common_options.h"

namespace croft::cli {

VerbSpec privacy_train_verb_spec() {
  return {
      .name = "privacy train",
      .summary = "train the tagger that finds names of people, places and organisations",
      .details =
          "Makes texts from templates and lists of names and learns from them; no other text is "
          "read. FOLDER has templates.txt and the lists that it names, one entry a line: "
          "first_names.txt, last_names.txt, cities.txt, regions.txt, companies.txt, peoples.txt, "
          "words.txt. A first model is trained without a fifth of the templates and measured on "
          "texts made from those; the one that is written learns from all. The same folder and "
          "options give the same file.",
      .arguments = {{.name = "FOLDER",
                     .help = "with templates.txt and the lists",
                     .completion = Completion::File}},
      .options = {{.name = "out",
                   .alias = 'o',
                   .kind = OptionKind::Path,
                   .value_name = "FILE",
                   .help = "the model file to write; one that is there is replaced",
                   .completion = Completion::File,
                   .required = true,
                   .in_environment = false,
                   .in_file = false},
                  {.name = "texts",
                   .kind = OptionKind::Integer,
                   .value_name = "N",
                   .fallback = "300000",
                   .min = 1,
                   .max = 1e8,
                   .help = "texts to make and learn from"},
                  {.name = "bucket-bits",
                   .kind = OptionKind::Integer,
                   .value_name = "N",
                   .fallback = "15",
                   .min = 4,
                   .max = 20,
                   .help = "the model has 2 to this power rows of weights"},
                  {.name = "outside-penalty",
                   .kind = OptionKind::Integer,
                   .value_name = "N",
                   .fallback = "0",
                   .min = -1000,
                   .max = 1000,
                   .help = "how much less readily a word is left alone: more is found, and more of "
                           "it is wrong"},
                  {.name = "seed",
                   .kind = OptionKind::Integer,
                   .value_name = "N",
                   .fallback = "1",
                   .min = 0,
                   .max = 1e12,
                   .help = "start of the random numbers that the texts are drawn by"},
                  json_option()}};
}

}  // namespace croft::cli

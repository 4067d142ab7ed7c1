// The options table: `croft redact`.
#include "cli/common_options.h"

namespace croft::cli {

VerbSpec redact_verb_spec() {
  return {
      .name = "redact",
      .summary = "take personal data and secrets out of a text",
      .details =
          "Prints the text with <CREDIT_CARD>, <EMAIL_ADDRESS> and so on in place of what it "
          "finds: cards, accounts, national identifiers, phones, addresses of mail, machines and "
          "web, dates, keys, tokens and passwords, by their form, check digits and words nearby; "
          "names of people, places and organisations, postal addresses and ages by a small model; "
          "and what `[privacy]` in croft.toml names. With --jsonl each line of input is an "
          "object with \"text\", and each line of output the same object with that text redacted "
          "and \"entities\": type, start and end in UTF-8 bytes of the text that came in, and a "
          "score from 0 to 1. --second-look asks a model on this machine for names of persons that "
          "all that missed, in pieces of up to 1,000 bytes; only what stands in the text in whole "
          "words is taken from its answer, with a score of 0.5 and \"by\": \"model\". It takes "
          "seconds a piece, finds nothing for certain, and may flag what is no name.",
      .arguments = {{.name = "FILE",
                     .help = "the text; - is standard input",
                     .completion = Completion::File}},
      .options = {{.name = "jsonl",
                   .kind = OptionKind::Flag,
                   .help = "input and output are JSON lines",
                   .in_file = false},
                  {.name = "types",
                   .kind = OptionKind::List,
                   .value_name = "LIST",
                   .help = "only these, by name, separated by commas; repeatable; the default is "
                           "all. An unknown name is answered with the list",
                   .in_environment = false,
                   .in_file = false},
                  {.name = "second-look",
                   .kind = OptionKind::Text,
                   .value_name = "MODEL",
                   .help = "then ask this model for names of persons: a GGUF file, a Hugging Face "
                           "folder, or the name of an installed model",
                   .completion = Completion::Model},
                  threads_option("compute threads of --second-look; 0 is one per CPU this process "
                                 "may use"),
                  json_option()}};
}

}  // namespace croft::cli

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
          "score from 0 to 1.",
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
                  json_option()}};
}

}  // namespace croft::cli

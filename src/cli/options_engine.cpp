// The options table, part one: verbs that compute with a model.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

constexpr double seed_max = 9007199254740991.0;  // 2^53 - 1: exact in JSON and TOML readers

std::vector<OptionSpec> sampling_options() {
  return {
      {.name = "temperature",
       .kind = OptionKind::Real,
       .value_name = "T",
       .fallback = "0.7",
       .min = 0,
       .max = 100,
       .help = "randomness of the choice; 0 always takes the likeliest token"},
      {.name = "top-k",
       .kind = OptionKind::Integer,
       .value_name = "N",
       .fallback = "40",
       .min = 0,
       .max = 4'194'304,
       .unit = "tokens",
       .help = "choose among the N likeliest; 0 is off"},
      {.name = "top-p",
       .kind = OptionKind::Real,
       .value_name = "P",
       .fallback = "0.95",
       .min = 0,
       .max = 1,
       .help = "choose among the likeliest that together have probability P; 1 is off"},
      {.name = "min-p",
       .kind = OptionKind::Real,
       .value_name = "P",
       .fallback = "0.05",
       .min = 0,
       .max = 1,
       .help = "drop tokens less likely than P times the likeliest; 0 is off"},
      {.name = "repetition-penalty",
       .kind = OptionKind::Real,
       .value_name = "X",
       .fallback = "1",
       .min = 0.01,
       .max = 100,
       .help = "make tokens already seen less likely; 1 is off"},
      {.name = "seed",
       .kind = OptionKind::Integer,
       .value_name = "N",
       .min = 0,
       .max = seed_max,
       .help = "start of the random numbers: the same seed gives the same text; random by default"},
  };
}

VerbSpec run_verb() {
  VerbSpec verb{
      .name = "run",
      .summary = "answer a prompt, or chat",
      .details =
          "Words after MODEL are the prompt. Text on standard input is put behind them, so "
          "`croft run MODEL \"Summarise:\" < report.txt` works. With neither, on a terminal, a "
          "chat "
          "begins: the arrow keys recall earlier lines, \"\"\" opens and closes a message of "
          "several lines, /help lists the commands. Ctrl-C stops an answer, a second one "
          "leaves.\n\n"
          "A model without a chat template continues the text as it stands; --raw asks for that "
          "with any model.",
      .arguments = {{.name = "MODEL",
                     .help =
                         "a GGUF file, a Hugging Face folder, or the name of an installed model",
                     .completion = Completion::Model},
                    {.name = "PROMPT",
                     .help = "what to answer; several words are joined by spaces",
                     .count_min = 0,
                     .count_max = arguments_unlimited}},
      .options = {{.name = "max-tokens",
                   .kind = OptionKind::Integer,
                   .value_name = "N",
                   .fallback = "2048",
                   .min = 1,
                   .max = 16'777'216,
                   .unit = "tokens",
                   .help = "stop the answer after N tokens, and say so"},
                  {.name = "system",
                   .kind = OptionKind::Text,
                   .value_name = "TEXT",
                   .help = "instructions put in front of the conversation"},
                  {.name = "raw",
                   .kind = OptionKind::Flag,
                   .help = "continue the prompt as plain text, without the chat template"},
                  {.name = "template",
                   .kind = OptionKind::Path,
                   .value_name = "FILE",
                   .help = "use this Jinja chat template instead of the model's own",
                   .completion = Completion::File},
                  {.name = "stats",
                   .kind = OptionKind::Flag,
                   .help = "after each answer print time to first token and tokens per second"},
                  json_option()}};
  for (const auto& option : sampling_options()) verb.options.push_back(option);
  for (const auto& option : {draft_option(), context_option(), kv_type_option(), threads_option()})
    verb.options.push_back(option);
  return verb;
}

VerbSpec serve_verb() {
  return {
      .name = "serve",
      .summary = "serve models over the OpenAI API",
      .details =
          "--model is loaded at once and stays. With --also there may be others: a request's "
          "`model` "
          "names the one that answers, and it is loaded then, the idle ones giving way to it where "
          "memory is short. Every model has its own compute threads and takes the same --context, "
          "--parallel and so on.\n\n"
          "The address 127.0.0.1 may be open. Any other address asks clients for a key: the first "
          "start makes one, prints it once on standard error and keeps only its hash. "
          "SIGTERM and Ctrl-C let running answers finish; a second signal ends at once.",
      .arguments = {},
      .options = {
          model_option(false, "smollm2:135m"),
          {.name = "also",
           .kind = OptionKind::List,
           .value_name = "MODEL",
           .help = "further model, loaded when a request names it; repeatable",
           .completion = Completion::Model},
          {.name = "pin",
           .kind = OptionKind::List,
           .value_name = "NAME",
           .help = "load this one of the further models at the start and keep it; repeatable"},
          {.name = "keep-alive",
           .kind = OptionKind::Integer,
           .value_name = "N",
           .fallback = "300",
           .min = -1,
           .max = 31'536'000,
           .unit = "seconds",
           .help =
               "unload a further model that nobody asked for that long; 0 is at once, -1 never"},
          {.name = "otlp-endpoint",
           .kind = OptionKind::Text,
           .value_name = "URL",
           .help = "send spans of routed requests to this OpenTelemetry collector (OTLP over HTTP, "
                   "JSON): http://HOST:4318"},
          {.name = "otlp-header",
           .kind = OptionKind::List,
           .value_name = "HEADER",
           .help = "\"Name: value\" for the collector; repeatable"},
          {.name = "otlp-sampling",
           .kind = OptionKind::Real,
           .value_name = "SHARE",
           .fallback = "1",
           .min = 0,
           .max = 1,
           .help = "share of the traces that begin here and are recorded"},
          {.name = "models-memory",
           .kind = OptionKind::Integer,
           .value_name = "N",
           .fallback = "0",
           .min = 0,
           .max = 16'777'216,
           .unit = "MiB",
           .help = "memory for all models together; 0 is what the machine has free at each load"},
          {.name = "host",
           .kind = OptionKind::Text,
           .value_name = "ADDRESS",
           .fallback = "127.0.0.1",
           .help = "address to listen on"},
          {.name = "port",
           .alias = 'p',
           .kind = OptionKind::Integer,
           .value_name = "N",
           .fallback = "8080",
           .min = 0,
           .max = 65535,
           .help = "TCP port to listen on; 0 takes any free one"},
          parallel_option("16", "answers computed together"),
          prefix_cache_option(),
          {.name = "prefix",
           .kind = OptionKind::List,
           .value_name = "FILE",
           .help = "file of `croft prefix save` to begin with; repeatable",
           .completion = Completion::File},
          {.name = "no-prompt-lookup",
           .kind = OptionKind::Flag,
           .help = "never guess from the prompt what an answer repeats of it"},
          draft_option(),
          context_option(),
          kv_type_option(),
          threads_option(),
          prefill_chunk_option(),
          {.name = "queue",
           .kind = OptionKind::Integer,
           .value_name = "N",
           .fallback = "512",
           .min = 1,
           .max = 65536,
           .help = "requests that may wait before others get status 429"},
          {.name = "queue-wait",
           .kind = OptionKind::Integer,
           .value_name = "N",
           .fallback = "2",
           .min = 0,
           .max = 86400,
           .unit = "seconds",
           .help = "refuse with status 429 what would wait longer, by measured rates, and an "
                   "eighth of that "
                   "while a key goes on asking for more; 0 lets all wait"},
          {.name = "key-file",
           .kind = OptionKind::Path,
           .value_name = "FILE",
           .help = "hashed API keys; the default is api-keys beside the models folder",
           .completion = Completion::File},
          {.name = "require-key",
           .kind = OptionKind::Flag,
           .help = "ask for a key on 127.0.0.1 too"},
          {.name = "allow-origin",
           .kind = OptionKind::List,
           .value_name = "ORIGIN",
           .help = "browser origin that may call, such as https://example.com; repeatable"},
          {.name = "allow-host",
           .kind = OptionKind::List,
           .value_name = "NAME",
           .help = "further value of the Host header to accept; repeatable"},
          {.name = "drain",
           .kind = OptionKind::Integer,
           .value_name = "N",
           .fallback = "15",
           .min = 0,
           .max = 3600,
           .unit = "seconds",
           .help = "time that running answers get after SIGTERM"},
          {.name = "log-level",
           .kind = OptionKind::Choice,
           .value_name = "LEVEL",
           .fallback = "info",
           .choices = "debug|info|warning|error|off",
           .help = "least important message to log"},
          {.name = "log-json", .kind = OptionKind::Flag, .help = "log one JSON object per line"},
          {.name = "log-prompts",
           .kind = OptionKind::Flag,
           .help = "log the text of prompts; off because they may be confidential"}}};
}

VerbSpec embed_verb() {
  return {.name = "embed",
          .summary = "turn texts into vectors",
          .details =
              "Without TEXT, every line of standard input is one text. Prints one line of "
              "numbers per text, or with --json one object.",
          .arguments = {{.name = "TEXT",
                         .help = "a text",
                         .count_min = 0,
                         .count_max = arguments_unlimited}},
          .options = {model_option(true), threads_option(), json_option()}};
}

VerbSpec perplexity_verb() {
  return {.name = "perplexity",
          .summary = "measure how well a model predicts a text",
          .details =
              "The text is tokenized in one piece and cut into whole windows that do not overlap, "
              "each computed from an empty cache, with the begin token in front where the model "
              "wants one. `tokens`, `nll` and `perplexity` count every token but the first of each "
              "window; `half` counts the second half of each window only.",
          .arguments = {},
          .options = {model_option(true),
                      {.name = "file",
                       .alias = 'f',
                       .kind = OptionKind::Path,
                       .value_name = "TEXT",
                       .help = "text file to score",
                       .completion = Completion::File,
                       .required = true},
                      {.name = "window",
                       .kind = OptionKind::Integer,
                       .value_name = "N",
                       .fallback = "512",
                       .min = 2,
                       .max = 1'048'576,
                       .unit = "tokens",
                       .help = "length of a window"},
                      {.name = "windows",
                       .kind = OptionKind::Integer,
                       .value_name = "N",
                       .fallback = "0",
                       .min = 0,
                       .max = 1'000'000'000,
                       .help = "score the first N windows only; 0 is all"},
                      kv_type_option(),
                      threads_option(),
                      json_option()}};
}

VerbSpec bench_verb() {
  return {.name = "bench",
          .summary = "measure tokens per second",
          .details =
              "Prompt and generation are measured apart, on random tokens, after one run "
              "that is not counted. What this machine computes and reads at best is measured too, "
              "and each result is shown as a share of that limit. --json prints an array with the "
              "field names of llama-bench and those of the limit.",
          .arguments = {},
          .options = {model_option(true),
                      {.name = "prompt-tokens",
                       .alias = 'p',
                       .kind = OptionKind::Integer,
                       .value_name = "N",
                       .fallback = "512",
                       .min = 0,
                       .max = 16'777'216,
                       .unit = "tokens",
                       .help = "length of the prompt; 0 leaves this part out"},
                      {.name = "generate-tokens",
                       .alias = 'n',
                       .kind = OptionKind::Integer,
                       .value_name = "N",
                       .fallback = "128",
                       .min = 0,
                       .max = 16'777'216,
                       .unit = "tokens",
                       .help = "length of the answer; 0 leaves this part out"},
                      {.name = "depth",
                       .alias = 'd',
                       .kind = OptionKind::Integer,
                       .value_name = "N",
                       .fallback = "0",
                       .min = 0,
                       .max = 16'777'216,
                       .unit = "tokens",
                       .help = "tokens before the answer, not measured; 0 is one, measured too"},
                      {.name = "repetitions",
                       .alias = 'r',
                       .kind = OptionKind::Integer,
                       .value_name = "N",
                       .fallback = "5",
                       .min = 1,
                       .max = 100'000,
                       .help = "measurements of each part"},
                      {.name = "seqs",
                       .kind = OptionKind::Integer,
                       .value_name = "N",
                       .fallback = "1",
                       .min = 1,
                       .max = 1024,
                       .help = "sequences computed together"},
                      kv_type_option(),
                      threads_option(),
                      json_option()}};
}

}  // namespace

std::vector<VerbSpec> engine_verbs() {
  return {run_verb(),        serve_verb(), embed_verb(),
          perplexity_verb(), bench_verb(), plan_verb_spec()};
}

}  // namespace croft::cli

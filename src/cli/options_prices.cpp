// The options table: `croft prices` and `croft ledger whatif`.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

OptionSpec real(std::string_view name, std::string_view value_name, std::string_view fallback,
                double min, double max, std::string_view unit, std::string_view help) {
  return {.name = name,
          .kind = OptionKind::Real,
          .value_name = value_name,
          .fallback = fallback,
          .min = min,
          .max = max,
          .unit = unit,
          .help = help,
          .in_environment = false};
}

OptionSpec provider_option(std::string_view help) {
  return {.name = "provider",
          .kind = OptionKind::Text,
          .value_name = "NAME",
          .help = help,
          .in_environment = false,
          .in_file = false};
}

}  // namespace

std::vector<VerbSpec> price_verbs() {
  return {
      {.name = "prices list",
       .summary = "list what providers charge for tokens",
       .details = "Prices are per million tokens. A row marked untested was read somewhere and "
                  "compared with no invoice. Without a database this is the list that the program "
                  "was built with.",
       .arguments = {},
       .options = {provider_option("only this provider's"),
                   flag("versions", "list the versions that were ever in use instead"),
                   flag("jsonl", "print the list as a file that `croft prices update` takes"),
                   json_option()}},
      {.name = "prices show",
       .summary = "show one model's price, its date and where it was read",
       .details = "",
       .arguments = {{.name = "MODEL", .help = "its name or an alias of it"}},
       .options = {provider_option("where several have a model of that name"), json_option()}},
      {.name = "prices update",
       .summary = "put a new price list into use",
       .details =
           "Reads JSON lines: first {\"format\": \"croft-prices-1\", \"date\": \"2026-01-31\"}, "
           "then one price a line. The old list is kept: rows of the ledger name the version that "
           "they were computed with, and never change. Prices in croft.toml win over every list.",
       .arguments = {{.name = "FILE",
                      .help = "the list; - is standard input",
                      .completion = Completion::File,
                      .count_min = 0}},
       .options = {flag("merge", "replace only the models that are in FILE"),
                   flag("built-in", "go back to the list that the program was built with"),
                   json_option()}},
      {.name = "prices check",
       .summary = "check a price list, or the one in use",
       .details = "Names line and field of the first mistake. Of the list in use it also says "
                  "which rows are untested and which are older than half a year.",
       .arguments = {{.name = "FILE",
                      .help = "the list; - is standard input",
                      .completion = Completion::File,
                      .count_min = 0}},
       .options = {json_option()}},
  };
}

VerbSpec ledger_whatif_verb_spec() {
  return {
      .name = "ledger whatif",
      .summary = "what requests would cost all in the cloud, and with a machine of one's own",
      .details =
          "Takes token counts from --requests (CSV with a header or JSON lines: prompt_tokens or "
          "input_tokens, completion_tokens or output_tokens, cached_tokens, requests; other "
          "columns are not read), from the ledger, or --prompt and --answer for --count requests "
          "of "
          "one size. "
          "Prints every assumption, the costs, and whether published promises hold under them. A "
          "model without a price is an error, never 0.",
      .arguments = {},
      .options = {
          {.name = "cloud",
           .kind = OptionKind::Text,
           .value_name = "MODEL",
           .help = "the cloud's model, as the price list calls it",
           .required = true,
           .in_environment = false},
          provider_option("where several have a model of that name"),
          {.name = "requests",
           .kind = OptionKind::Path,
           .value_name = "FILE",
           .help = "token counts of requests; - is standard input",
           .completion = Completion::File,
           .in_environment = false,
           .in_file = false},
          flag("ledger", "take the requests of the ledger, wherever they were answered"),
          {.name = "since",
           .kind = OptionKind::Text,
           .value_name = "TIME",
           .help = "with --ledger: only from this time on, such as 2026-01-31 or 7d",
           .in_environment = false,
           .in_file = false},
          {.name = "until",
           .kind = OptionKind::Text,
           .value_name = "TIME",
           .help = "with --ledger: only before this time",
           .in_environment = false,
           .in_file = false},
          real("count", "N", "100000", 1, 1e12, "requests", "how many, without --requests"),
          real("prompt", "N", "600", 0, 1e9, "tokens", "of each prompt, without --requests"),
          real("cached", "N", "0", 0, 1e9, "tokens", "of each prompt, that the cloud has cached"),
          real("answer", "N", "200", 0, 1e9, "tokens", "of each answer, without --requests"),
          real("local-share", "X", "0.8", 0, 1, "", "share of requests answered locally"),
          real("tried-share", "X", "1", 0, 1, "",
               "share of requests that the local model tries; a cascade tries all"),
          real("days", "N", "0", 0, 36525, "days",
               "over which the requests come in: buys whole machines; 0 assumes --utilisation"),
          real("machine-price", "AMOUNT", "800", 0, 1e9, "", "of one machine"),
          real("years", "N", "4", 0.1, 100, "years", "until it is worth nothing"),
          real("utilisation", "X", "0.2", 1e-6, 1, "",
               "share of its time in which it computes, at most"),
          real("watts", "N", "65", 0, 1e6, "watts", "at the socket while it computes"),
          real("watts-idle", "N", "15", 0, 1e6, "watts", "while it waits"),
          real("kwh-price", "AMOUNT", "0.30", 0, 1000, "", "of power"),
          real("prompt-rate", "N", "300", 1e-3, 1e9, "tokens/s",
               "local speed on prompts, all requests together; `croft bench` measures it"),
          real("answer-rate", "N", "60", 1e-3, 1e9, "tokens/s",
               "local speed on answers, all requests together"),
          {.name = "plot",
           .kind = OptionKind::Path,
           .value_name = "FILE",
           .help = "write savings over the local share as SVG",
           .completion = Completion::File,
           .in_environment = false,
           .in_file = false},
          json_option(),
      }};
}

}  // namespace croft::cli

// The options table: `croft ledger`.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

OptionSpec since_option() {
  return {.name = "since",
          .kind = OptionKind::Text,
          .value_name = "TIME",
          .help =
              "only requests from this time on: 2026-01-31, 2026-01-31T12:00Z (UTC), or 30m, "
              "12h, 7d before now",
          .in_environment = false,
          .in_file = false};
}

OptionSpec until_option() {
  return {.name = "until",
          .kind = OptionKind::Text,
          .value_name = "TIME",
          .help = "only requests before this time",
          .in_environment = false,
          .in_file = false};
}

}  // namespace

std::vector<VerbSpec> ledger_verbs() {
  return {
      {.name = "ledger summary",
       .summary = "add up requests, tokens, money, latency and energy",
       .details =
           "Reads the ledger once and adds up. A price that is not known is counted as unpriced, "
           "never added as 0; \"saved\" is what all would have cost in the cloud less what was "
           "paid, "
           "over the requests where both are known, before the cost of this machine.",
       .arguments = {},
       .options =
           {since_option(),
            until_option(),
            {.name = "by",
             .kind = OptionKind::List,
             .value_name = "WHAT",
             .help =
                 "a table by day, route, model, tenant, team, key, provider or privacy (what was "
                 "found in the request); repeatable",
             .in_environment = false,
             .in_file = false},
            json_option()}},
      {.name = "ledger verify",
       .summary = "prove that nothing in the ledger was changed",
       .details =
           "Computes every row's hash anew and follows the chain to its head; in SQLite it also "
           "checks the file's pages and the tables' definitions. Says which row was changed, is "
           "missing or was moved, and exits with 4 then. It prints the head, ROWS:HASH: kept "
           "somewhere else and given to a later --head, it also proves that nobody rewrote the "
           "whole ledger meanwhile.",
       .arguments = {},
       .options = {{.name = "head",
                    .kind = OptionKind::Text,
                    .value_name = "ROWS:HASH",
                    .help = "the ledger must still continue the one that an earlier verify printed "
                            "this of",
                    .in_environment = false,
                    .in_file = false},
                   json_option()}},
      {.name = "ledger export",
       .summary = "write the ledger's rows as CSV or JSON lines",
       .details = "Writes row by row to standard output or a file. In CSV, text that a spreadsheet "
                  "would take for a formula gets a ' in front; amounts are billionths of the "
                  "currency in whole numbers, empty where not known.",
       .arguments = {},
       .options = {since_option(),
                   until_option(),
                   {.name = "format",
                    .kind = OptionKind::Choice,
                    .value_name = "FORMAT",
                    .fallback = "jsonl",
                    .choices = "csv|jsonl",
                    .help = "csv or jsonl",
                    .in_environment = false,
                    .in_file = false},
                   {.name = "out",
                    .kind = OptionKind::Path,
                    .value_name = "FILE",
                    .help = "write this file instead of standard output",
                    .completion = Completion::File,
                    .in_environment = false,
                    .in_file = false},
                   flag("json", "as --format jsonl")}},
      {.name = "ledger report",
       .summary = "write one page with plots about what was used, paid and saved",
       .details = "One HTML file without scripts that asks no other host for anything: requests, "
                  "tokens, local share and money by day, latency, energy, the busiest routes, "
                  "models and tenants.",
       .arguments = {},
       .options = {since_option(),
                   until_option(),
                   {.name = "out",
                    .kind = OptionKind::Path,
                    .value_name = "FILE",
                    .help = "the page's file",
                    .completion = Completion::File,
                    .required = true,
                    .in_environment = false,
                    .in_file = false},
                   json_option()}},
  };
}

}  // namespace croft::cli

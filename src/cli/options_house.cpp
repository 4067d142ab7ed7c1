// The options table, part three: verbs about Croft itself and the machine.
#include "cli/options.h"

namespace croft::cli {
namespace {

OptionSpec json_option() {
  return {.name = "json",
          .kind = OptionKind::Flag,
          .help = "print one JSON document instead of text",
          .in_file = false};
}

}  // namespace

std::vector<VerbSpec> house_verbs() {
  return {
      {.name = "doctor",
       .summary = "check this machine and this installation",
       .details = "Looks at CPU, memory, disk, folder permissions, the key file and the port. "
                  "Ends with exit code 1 where something would keep Croft from working.",
       .arguments = {},
       .options = {json_option()}},
      {.name = "top",
       .summary = "watch a running server",
       .details = "Shows what the server's /metrics say, once a second: requests, speed, latencies "
                  "since the last look, memory, prefixes. Ctrl-C ends it. Where output is no "
                  "terminal, looks follow each other; --json prints one object a line.",
       .arguments = {{.name = "URL",
                      .help = "the server; the default is http://127.0.0.1:8080",
                      .count_min = 0}},
       .options = {{.name = "interval",
                    .alias = 'i',
                    .kind = OptionKind::Real,
                    .value_name = "S",
                    .fallback = "1",
                    .min = 0.1,
                    .max = 3600,
                    .unit = "seconds",
                    .help = "time between two looks"},
                   {.name = "count",
                    .alias = 'n',
                    .kind = OptionKind::Integer,
                    .value_name = "N",
                    .fallback = "0",
                    .min = 0,
                    .max = 1e9,
                    .help = "end after so many looks; 0 goes on"},
                   {.name = "key",
                    .kind = OptionKind::Text,
                    .value_name = "KEY",
                    .help = "API key, where the server asks for one; CROFT_KEY keeps it out of the "
                            "process list",
                    .in_file = false},
                   json_option()}},
      {.name = "config show",
       .summary = "show every setting and where it comes from",
       .details = "A flag wins over the environment, the environment over the file, the file over "
                  "the default.",
       .arguments = {},
       .options = {{.name = "origin",
                    .kind = OptionKind::Flag,
                    .help = "say where each value comes from: environment, file with line, default",
                    .in_file = false},
                   {.name = "changed",
                    .kind = OptionKind::Flag,
                    .help = "leave out what has its default",
                    .in_file = false},
                   json_option()}},
      {.name = "config check",
       .summary = "check the configuration files",
       .details = {},
       .arguments = {},
       .options = {}},
      {.name = "completions",
       .summary = "print the completion script of a shell",
       .details =
           "For bash: croft completions bash > ~/.local/share/bash-completion/completions/croft",
       .arguments = {{.name = "SHELL", .help = "which shell", .choices = "bash|zsh|fish"}},
       .options = {}},
      {.name = "version",
       .summary = "print version, build and instruction set",
       .details = {},
       .arguments = {},
       .options = {json_option()}},
      {.name = "help",
       .summary = "explain a verb",
       .details = {},
       .arguments = {{.name = "VERB",
                      .help = "which verb; without one, all are listed",
                      .count_min = 0,
                      .count_max = 2}},
       .options = {}},
      {.name = "docs",
       .summary = "print the reference that is made from the options table",
       .details = "docs/cli.md and packaging/man/croft.1 are this verb's output.",
       .arguments = {{.name = "FORM", .help = "markdown, or a manual page", .choices = "cli|man"}},
       .options = {},
       .hidden = true},
  };
}

}  // namespace croft::cli

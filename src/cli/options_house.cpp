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

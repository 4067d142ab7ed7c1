#include "cli/command.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "io/air_gap.h"

namespace croft::cli {
namespace {

// 128 + SIGPIPE, what a shell reports for a program that the signal ended: `croft list | head -1`.
constexpr int kExitPipeClosed = 141;

constexpr std::array<std::pair<std::string_view, VerbHandler>, 56> kHandlers = {{
    {"run", run_verb},
    {"serve", serve_verb},
    {"embed", embed_verb},
    {"perplexity", perplexity_verb},
    {"bench", bench_verb},
    {"plan", plan_verb},
    {"redact", redact_verb},
    {"privacy train", privacy_train_verb},
    {"pull", pull_verb},
    {"pack", pack_verb},
    {"list", list_verb},
    {"show", show_verb},
    {"rm", rm_verb},
    {"import", import_verb},
    {"tokenize", tokenize_verb},
    {"detokenize", detokenize_verb},
    {"template render", template_render_verb},
    {"prefix save", prefix_save_verb},
    {"route train", route_train_verb},
    {"route evaluate", route_evaluate_verb},
    {"route label", route_label_verb},
    {"route calibrate", route_calibrate_verb},
    {"route bench", route_bench_verb},
    {"route check", route_check_verb},
    {"route explain", route_explain_verb},
    {"route import", route_import_verb},
    {"keys create", keys_create_verb},
    {"keys list", keys_list_verb},
    {"keys show", keys_show_verb},
    {"keys update", keys_update_verb},
    {"keys block", keys_block_verb},
    {"keys delete", keys_delete_verb},
    {"teams create", teams_create_verb},
    {"teams list", teams_list_verb},
    {"teams show", teams_show_verb},
    {"teams update", teams_update_verb},
    {"teams block", teams_block_verb},
    {"teams delete", teams_delete_verb},
    {"prices list", prices_list_verb},
    {"prices show", prices_show_verb},
    {"prices update", prices_update_verb},
    {"prices check", prices_check_verb},
    {"ledger summary", ledger_summary_verb},
    {"ledger verify", ledger_verify_verb},
    {"ledger export", ledger_export_verb},
    {"ledger report", ledger_report_verb},
    {"ledger whatif", ledger_whatif_verb},
    {"secret seal", secret_seal_verb},
    {"doctor", doctor_verb},
    {"top", top_verb},
    {"config show", config_show_verb},
    {"config check", config_check_verb},
    {"completions", completions_verb},
    {"version", version_verb},
    {"help", help_verb},
    {"docs", docs_verb},
}};

/// Which croft.toml to read: the flag wins over the environment here too.
std::string config_path(const ParsedArguments& parsed) {
  const auto given = parsed.options.find("config");
  if (given != parsed.options.end()) return given->second.back();
  return process_environment()("CROFT_CONFIG").value_or("");
}

/// Before anything could connect. A server needs a socket to listen on, and seals the gap once it
/// has it; `doctor` tries whether one can be had.
Result<void> enter_air_gap_if_asked(const Settings& settings) {
  if (!settings.flag("air-gapped")) return {};
  const std::string_view verb = settings.verb().name;
  const bool listens = verb == "serve" || verb == "doctor";
  return enter_air_gap({.use = listens ? AirGapUse::Listening : AirGapUse::Nothing});
}

Result<int> run_verb_of(const std::vector<std::string>& args) {
  ParsedArguments parsed = TRY(parse_arguments(args));
  if (parsed.options.contains("help")) {
    auto printed = print(parsed.verb->name == "help" ? overview_help() : verb_help(*parsed.verb));
    if (!printed) return std::unexpected(std::move(printed).error());
    return 0;
  }
  const std::vector<ConfigValue> file = TRY(load_config(config_path(parsed)));
  const VerbHandler handler = find_handler(parsed.verb->name);
  CHECK(handler != nullptr);
  const Settings settings = TRY(Settings::create(std::move(parsed), process_environment(), file));
  set_quiet(settings.flag("quiet"));
  const char* no_color = std::getenv("NO_COLOR");
  set_color(!settings.flag("no-color") && (no_color == nullptr || *no_color == '\0'));
  TRY(enter_air_gap_if_asked(settings));
  return handler(settings);
}

int report(const Error& error) {
  const int exit_code = traits(error.code).exit_code;
  if (error.message.empty() && error.code == ErrorCode::Cancelled) return kExitPipeClosed;
  const std::string text = "croft: " + escape_controls(error.to_string()) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
  return exit_code;
}

}  // namespace

VerbHandler find_handler(std::string_view verb) {
  for (const auto& [name, handler] : kHandlers)
    if (name == verb) return handler;
  return nullptr;
}

int run_command(const std::vector<std::string>& args) {
  try {
    init_log(LogLevel::Warning, false);
    const Result<int> code = run_verb_of(args);
    return code ? *code : report(code.error());
  } catch (const std::bad_alloc&) {
    return report({.code = ErrorCode::TooLarge,
                   .message = "this machine has not enough free memory for that",
                   .hint = "Try a smaller model or a shorter --context",
                   .field = {}});
  } catch (const std::exception& exception) {
    return report({.code = ErrorCode::Internal,
                   .message = std::string("an unexpected failure: ") + exception.what(),
                   .hint = "This is a bug of Croft; please report it with the command",
                   .field = {}});
  }
}

}  // namespace croft::cli

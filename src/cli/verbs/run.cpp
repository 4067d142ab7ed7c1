#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/conversation.h"
#include "cli/interrupts.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/verbs/chat.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

/// Whether standard input is a pipe, a file or a socket: /dev/null and a terminal have no prompt
/// for us.
bool stdin_has_data() {
  struct stat status{};
  if (::fstat(STDIN_FILENO, &status) != 0) return false;
  return S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
}

/// Words of the command line, then standard input, with an empty line between. Nothing: chat.
Result<std::optional<std::string>> one_prompt(const Settings& settings) {
  std::string prompt;
  const auto& arguments = settings.arguments();
  for (std::size_t i = 1; i < arguments.size(); ++i) prompt += (i > 1 ? " " : "") + arguments[i];
  const bool has_words = arguments.size() > 1;
  const bool waits_for_terminal = !has_words && stdin_is_terminal();
  if (waits_for_terminal && stdout_is_terminal() && !settings.flag("json"))
    return std::optional<std::string>{};
  if (stdin_has_data() || waits_for_terminal) {
    const std::string piped = TRY(read_stdin(limits::request_body_bytes_max));
    if (!prompt.empty() && !piped.empty()) prompt += "\n\n";
    prompt += piped;
  }
  if (prompt.empty())
    return fail(ErrorCode::InvalidArgument, "there is no prompt",
                "Write it behind the model, pipe it in, or start a chat in a terminal");
  return std::optional(std::move(prompt));
}

Result<int> answer_prompt(const std::string& prompt, Conversation& conversation,
                          Interrupts& interrupts, const Settings& settings) {
  const bool as_json = settings.flag("json");
  const Generated answer = TRY(conversation.answer(
      prompt, interrupts.begin(), [as_json](std::string_view text) -> Result<void> {
        return as_json ? Result<void>{} : print(for_stdout(text));
      }));
  if (as_json) {
    json::object document = generated_json(answer);
    document["model"] = settings.arguments().front();
    document["seed"] = conversation.seed();
    TRY(print_line(json::serialize(document)));
  } else if (!answer.text.ends_with('\n')) {
    TRY(print("\n"));
  }
  if (const std::string early = early_end_text(answer, settings.size("max-tokens")); !early.empty())
    note(early);
  if (settings.flag("stats")) note(stats_text(answer.usage));
  return answer.reason == FinishReason::Cancelled ? exit_interrupted : 0;
}

}  // namespace

Result<int> run_verb(const Settings& settings) {
  const auto path = TRY(model_path(settings, settings.arguments().front()));
  const std::optional<std::string> prompt = TRY(one_prompt(settings));
  const std::unique_ptr<Engine> engine = TRY(open_engine(settings, path, {.parallel = 1}));
  Conversation conversation = TRY(Conversation::create(*engine, settings));
  Interrupts interrupts;
  if (prompt) return answer_prompt(*prompt, conversation, interrupts, settings);
  return chat(conversation, interrupts, settings);
}

}  // namespace croft::cli

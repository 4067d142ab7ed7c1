#include "cli/verbs/chat.h"

#include "cli/line_editor.h"
#include "cli/terminal.h"

namespace croft::cli {
namespace {

constexpr std::string_view kHelp =
    "/help   this list\n"
    "/clear  forget the conversation\n"
    "/exit   leave (also /bye, or Ctrl-D)\n"
    "\"\"\"     begins a message of several lines, and ends it\n"
    "Ctrl-C  stops an answer; at the prompt it leaves\n";

constexpr std::string_view kFence = "\"\"\"";

/// A message, which may span lines between two fences.
LineEditor::Read read_message(LineEditor& editor) {
  LineEditor::Read read = editor.read(">>> ");
  if (read.outcome != LineEditor::Outcome::Line || !read.line.starts_with(kFence)) return read;
  std::string message = read.line.substr(kFence.size());
  while (true) {
    if (message.ends_with(kFence)) {
      message.resize(message.size() - kFence.size());
      return {LineEditor::Outcome::Line, message};
    }
    LineEditor::Read next = editor.read("... ");
    if (next.outcome != LineEditor::Outcome::Line) return next;
    if (!message.empty()) message += '\n';
    message += next.line;
  }
}

enum class Next { Answer, Again, Leave };

/// Obeys a command; anything else is a message.
Result<Next> obey(const std::string& line, Conversation& conversation) {
  if (line.find_first_not_of(" \t\n") == std::string::npos) return Next::Again;
  if (!line.starts_with('/')) return Next::Answer;
  if (line == "/exit" || line == "/bye" || line == "/quit") return Next::Leave;
  if (line == "/clear") {
    conversation.clear();
    note("the conversation is forgotten");
  } else if (line == "/help" || line == "/?") {
    TRY(print(kHelp));
  } else {
    note("there is no command " + line + "; /help lists them");
  }
  return Next::Again;
}

Result<void> answer_one(const std::string& line, Conversation& conversation, Interrupts& interrupts,
                        const Settings& settings) {
  auto answered = conversation.answer(
      line, interrupts.begin(), [](std::string_view text) { return print(for_stdout(text)); });
  TRY(print("\n"));
  if (!answered) {
    // The chat goes on: a message that was too long can be made shorter.
    if (answered.error().code == ErrorCode::Internal || answered.error().message.empty())
      return std::unexpected(std::move(answered).error());
    note("croft: " + answered.error().to_string());
    return {};
  }
  if (const std::string early = early_end_text(*answered, settings.size("max-tokens"));
      !early.empty())
    note(early);
  if (settings.flag("stats")) note(stats_text(answered->usage));
  return {};
}

}  // namespace

Result<int> chat(Conversation& conversation, Interrupts& interrupts, const Settings& settings) {
  LineEditor editor(default_history_file());
  note(conversation.is_chat() ? "Type a message; /help lists the commands."
                              : "This model has no chat template: it continues what you type. "
                                "/help lists the commands.");
  while (true) {
    static_cast<void>(interrupts.begin());
    const LineEditor::Read read = read_message(editor);
    if (read.outcome == LineEditor::Outcome::Interrupted) return exit_interrupted;
    if (read.outcome == LineEditor::Outcome::End) return 0;
    editor.remember(read.line);
    const Next next = TRY(obey(read.line, conversation));
    if (next == Next::Leave) return 0;
    if (next == Next::Answer) TRY(answer_one(read.line, conversation, interrupts, settings));
  }
}

}  // namespace croft::cli

#include "cli/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>

namespace croft::cli {
namespace {

constexpr int kHistoryLines = 1000;

}  // namespace

struct LineEditor::State {
  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event{};
  std::string prompt;
  std::filesystem::path history_file;

  static char* prompt_of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return static_cast<State*>(data)->prompt.data();
  }
};

LineEditor::LineEditor(std::filesystem::path history_file) : state_(std::make_unique<State>()) {
  std::setlocale(LC_CTYPE, "");  // libedit reads whole characters in the terminal's encoding
  state_->history_file = std::move(history_file);
  state_->history = history_init();
  history(state_->history, &state_->event, H_SETSIZE, kHistoryLines);
  history(state_->history, &state_->event, H_SETUNIQUE, 1);
  if (!state_->history_file.empty())
    history(state_->history, &state_->event, H_LOAD, state_->history_file.c_str());
  state_->editor = el_init("croft", stdin, stdout, stderr);
  el_set(state_->editor, EL_CLIENTDATA, state_.get());
  el_set(state_->editor, EL_PROMPT, &State::prompt_of);
  el_set(state_->editor, EL_EDITOR, "emacs");
  el_set(state_->editor, EL_SIGNAL, 0);
  el_set(state_->editor, EL_HIST, history, state_->history);
  el_set(state_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineEditor::~LineEditor() {
  if (!state_->history_file.empty()) {
    std::error_code ignored;  // a chat without history is still a chat
    std::filesystem::create_directories(state_->history_file.parent_path(), ignored);
    // The file exists with its narrow mode before libedit opens it: what is typed may be
    // confidential.
    const int descriptor =
        ::open(state_->history_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor >= 0) {
      ::close(descriptor);
      history(state_->history, &state_->event, H_SAVE, state_->history_file.c_str());
    }
  }
  el_end(state_->editor);
  history_end(state_->history);
}

LineEditor::Read LineEditor::read(const std::string& prompt) {
  state_->prompt = prompt;
  int length = 0;
  errno = 0;
  const char* line = el_gets(state_->editor, &length);
  if (line == nullptr || length <= 0) {
    const bool interrupted = length < 0 && errno == EINTR;
    std::fputc('\n', stdout);
    std::fflush(stdout);
    return {interrupted ? Outcome::Interrupted : Outcome::End, {}};
  }
  std::string text(line, static_cast<std::size_t>(length));
  if (text.ends_with('\n')) text.pop_back();
  return {Outcome::Line, std::move(text)};
}

void LineEditor::remember(const std::string& line) {
  if (line.find_first_not_of(" \t\n") == std::string::npos) return;
  history(state_->history, &state_->event, H_ENTER, line.c_str());
}

std::filesystem::path default_history_file() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return std::filesystem::path(state) / "croft" / "history";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::filesystem::path(home) / ".local" / "state" / "croft" / "history";
  return {};
}

}  // namespace croft::cli

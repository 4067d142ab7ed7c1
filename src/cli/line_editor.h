#pragma once
/// Reads lines from a terminal with editing and history. libedit is seen by line_editor.cpp only.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace croft::cli {

class LineEditor {
 public:
  enum class Outcome : unsigned char { Line, End, Interrupted };
  struct Read {
    Outcome outcome = Outcome::End;
    std::string line;  ///< without its line end
  };

  /// `history_file` is read now and written at the end, readable for its owner only; empty: none.
  explicit LineEditor(std::filesystem::path history_file);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// Interrupted: Ctrl-C while the line was typed (needs Interrupts, so that the signal does not
  /// kill).
  Read read(const std::string& prompt);
  void remember(const std::string& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// $XDG_STATE_HOME/croft/history or ~/.local/state/croft/history; empty without a home folder.
[[nodiscard]] std::filesystem::path default_history_file();

}  // namespace croft::cli

#pragma once
/// What goes to the person: standard output and error, colour, and text from foreign files made
/// harmless.

#include <string>
#include <string_view>

#include "base/error.h"

namespace croft::cli {

/// Writes to standard output at once. Errors: Cancelled with an empty message where the reader has
/// gone
/// (`croft list | head -1`; main ends quietly); Io (a full disk).
Result<void> print(std::string_view text);
/// As print, with a line end.
Result<void> print_line(std::string_view text);

[[nodiscard]] bool stdin_is_terminal();
[[nodiscard]] bool stdout_is_terminal();
[[nodiscard]] bool stderr_is_terminal();

/// Notes on standard error ("stopped after 2048 tokens"); silent with --quiet.
void set_quiet(bool quiet);
[[nodiscard]] bool is_quiet();
void note(std::string_view text);
/// Colour on standard output: a terminal, and neither NO_COLOR nor --no-color.
void set_color(bool allowed);
[[nodiscard]] std::string dimmed(std::string_view text);
[[nodiscard]] std::string bold(std::string_view text);

/// Control characters other than line end and tab become \xNN, so that a model's metadata or answer
/// cannot move the cursor, set the title or answer for the terminal. C1 controls (U+0080 to U+009F)
/// count too.
[[nodiscard]] std::string escape_controls(std::string_view text);
/// Bytes that are no UTF-8 become U+FFFD: JSON must be valid whatever a file's names hold.
[[nodiscard]] std::string valid_utf8(std::string_view text);
/// `text` as standard output should get it: escaped on a terminal, byte for byte elsewhere.
[[nodiscard]] std::string for_stdout(std::string_view text);

/// "1.05 MB", "98.4 MB", "1.12 GB": decimal units, as shops and disks count.
[[nodiscard]] std::string human_bytes(double bytes);
/// "260 K", "135 M", "1.54 B" parameters.
[[nodiscard]] std::string human_count(double count);
/// 3.14159 with two decimals is "3.14".
[[nodiscard]] std::string fixed(double value, int decimals);

/// All of standard input, byte for byte. Errors: Io; TooLarge beyond `bytes_max`.
Result<std::string> read_stdin(std::size_t bytes_max);
/// A file, or standard input for "-". Errors: NotFound; Io; TooLarge.
Result<std::string> read_file_or_stdin(const std::string& path, std::size_t bytes_max);

}  // namespace croft::cli

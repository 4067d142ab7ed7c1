#include "cli/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "text/utf8.h"

namespace croft::cli {
namespace {

bool quiet_ = false;  // written once by main before threads start
bool color_ = false;

Result<void> write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      return fail(ErrorCode::Cancelled, "");
    } else if (errno != EINTR) {
      return fail(ErrorCode::Io,
                  std::string("cannot write to standard output: ") + std::strerror(errno));
    }
  }
  return {};
}

Result<std::string> read_all(int descriptor, const std::string& what, std::size_t bytes_max) {
  std::string text;
  std::array<char, 64 * 1024> buffer;
  while (true) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorCode::Io, "cannot read " + what + ": " + std::strerror(errno));
    if (text.size() + static_cast<std::size_t>(got) > bytes_max)
      return fail(ErrorCode::TooLarge,
                  what + " has more than " + human_bytes(static_cast<double>(bytes_max)));
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string scaled(double value, const std::array<std::string_view, 4>& units) {
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  const int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  std::string text = fixed(value, decimals);
  if (units[unit].empty()) return text;
  text += ' ';
  text += units[unit];
  return text;
}

}  // namespace

Result<void> print(std::string_view text) {
  return write_all(STDOUT_FILENO, text);
}

Result<void> print_line(std::string_view text) {
  return print(std::string(text) + '\n');
}

bool stdin_is_terminal() {
  return ::isatty(STDIN_FILENO) == 1;
}
bool stdout_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}
bool stderr_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

void set_quiet(bool quiet) {
  quiet_ = quiet;
}
bool is_quiet() {
  return quiet_;
}

void note(std::string_view text) {
  if (quiet_) return;
  // Nobody is left to tell where even standard error is closed.
  static_cast<void>(write_all(STDERR_FILENO, escape_controls(text) + "\n"));
}

void set_color(bool allowed) {
  color_ = allowed && stdout_is_terminal();
}

std::string dimmed(std::string_view text) {
  return color_ ? "\x1b[2m" + std::string(text) + "\x1b[0m" : std::string(text);
}

std::string bold(std::string_view text) {
  return color_ ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

std::string escape_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // a C1 control: both bytes are spelled out
      out += fmt::format("\\xC2\\x{:02X}", next);
      ++i;
    } else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) {
      out += fmt::format("\\x{:02X}", byte);
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string valid_utf8(std::string_view text) {
  return utf8::repair(text, utf8::Invalid::MaximalSubpart);
}

std::string for_stdout(std::string_view text) {
  return stdout_is_terminal() ? escape_controls(text) : std::string(text);
}

std::string human_bytes(double bytes) {
  return bytes < 999.5 ? fixed(bytes, 0) + " B" : scaled(bytes / 1000, {"kB", "MB", "GB", "TB"});
}

std::string human_count(double count) {
  return scaled(count, {"", "K", "M", "B"});
}

std::string fixed(double value, int decimals) {
  return fmt::format("{:.{}f}", value, decimals);
}

Result<std::string> read_stdin(std::size_t bytes_max) {
  return read_all(STDIN_FILENO, "standard input", bytes_max);
}

Result<std::string> read_file_or_stdin(const std::string& path, std::size_t bytes_max) {
  if (path == "-") return read_stdin(bytes_max);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io;
    return fail(code, "cannot open " + path + ": " + std::strerror(errno));
  }
  auto text = read_all(descriptor, path, bytes_max);
  ::close(descriptor);
  return text;
}

}  // namespace croft::cli

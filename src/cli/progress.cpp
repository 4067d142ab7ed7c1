#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/terminal.h"

namespace croft::cli {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr auto kRedraw = std::chrono::milliseconds(100);

std::string amount(Progress::Unit unit, double value) {
  return unit == Progress::Unit::Bytes ? human_bytes(value) : fixed(value, 0);
}

std::size_t terminal_width() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::ceil(std::clamp(seconds, 0.0, 1e9)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string progress_line(std::string_view what, Progress::Unit unit, std::uint64_t done,
                          std::uint64_t total, double rate, std::size_t width) {
  const auto done_value = static_cast<double>(done);
  const auto total_value = static_cast<double>(total);
  std::string line(what);
  if (total != 0) {
    const double share = std::min(1.0, done_value / total_value);
    const auto filled = static_cast<std::size_t>(share * kBarWidth);
    line += " [" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "] " +
            fmt::format("{:3.0f}%  ", std::floor(share * 100)) + amount(unit, done_value) + " of " +
            amount(unit, total_value);
  } else {
    line += "  " + amount(unit, done_value);
  }
  if (rate > 0) {
    line += "  " + amount(unit, rate) + "/s";
    if (total > done) line += "  " + duration_text((total_value - done_value) / rate) + " left";
  }
  return line.substr(0, width);
}

Progress::Progress(std::string what, Unit unit)
    : what_(escape_controls(what)),
      unit_(unit),
      on_terminal_(stderr_is_terminal()),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (has_drawn_ && on_terminal_) std::fputc('\n', stderr);
}

void Progress::update(std::uint64_t done, std::uint64_t total, std::uint64_t already_done) {
  if (is_quiet()) return;
  done_max_ = std::max(done_max_, done);
  const auto now = std::chrono::steady_clock::now();
  const bool complete = total != 0 && done_max_ >= total;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto fresh = static_cast<double>(done_max_ - std::min(done_max_, already_done));
  const double rate = seconds > 0.2 ? fresh / seconds : 0.0;
  if (on_terminal_) {
    if (has_drawn_ && !complete && now - drawn_ < kRedraw) return;
    // \x1b[K clears what a longer line left behind; the last column stays free so that no line
    // wraps.
    const std::string line =
        progress_line(what_, unit_, done_max_, total, rate, terminal_width() - 1);
    std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  } else {
    const std::uint64_t tenth = total == 0 ? 0 : done_max_ / std::max<std::uint64_t>(total / 10, 1);
    if (tenth <= lines_printed_) return;
    lines_printed_ = tenth;
    std::fprintf(stderr, "%s  %s of %s\n", what_.c_str(),
                 amount(unit_, static_cast<double>(done_max_)).c_str(),
                 amount(unit_, static_cast<double>(total)).c_str());
  }
  has_drawn_ = true;
  drawn_ = now;
}

}  // namespace croft::cli

#pragma once
/// One line of progress on standard error: a bar with rate and remaining time on a terminal, a
/// plain line every ten per cent elsewhere, nothing with --quiet. It never moves back.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace croft::cli {

class Progress {
 public:
  enum class Unit : std::uint8_t { Bytes, Count };

  Progress(std::string what, Unit unit);
  ~Progress();  ///< ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `already_done` was there before we began and does not count for the rate. `total` 0: unknown.
  void update(std::uint64_t done, std::uint64_t total, std::uint64_t already_done = 0);

 private:
  std::string what_;
  Unit unit_;
  bool on_terminal_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point drawn_;
  std::uint64_t done_max_ = 0;
  std::uint64_t lines_printed_ = 0;  ///< tenths of the whole that have had their line
  bool has_drawn_ = false;
};

/// "smollm2 [#####.....]  50%  49.2 MB of 98.4 MB  12.1 MB/s  4 s left", at most `width`
/// characters. `total` 0 leaves out bar, share and remaining time; a rate of 0 means not known yet.
[[nodiscard]] std::string progress_line(std::string_view what, Progress::Unit unit,
                                        std::uint64_t done, std::uint64_t total, double rate,
                                        std::size_t width);

/// "4 s", "3 min 05 s", "2 h 10 min".
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace croft::cli

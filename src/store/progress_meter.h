#pragma once
/// Counts the bytes of a pull and tells the caller, seldom enough to cost nothing and never going
/// back.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "store/pull.h"

namespace croft {

class ProgressMeter {
 public:
  explicit ProgressMeter(std::function<void(const PullProgress&)> callback)
      : callback_(std::move(callback)) {}

  /// Begins a file; `bytes_there` of it came with an earlier pull.
  void begin_file(std::string name, std::uint64_t bytes_there) {
    finished_ += std::exchange(in_file_, 0);
    file_ = std::move(name);
    in_file_ = bytes_there;
    resumed_ += bytes_there;
  }
  void set_total(std::uint64_t bytes) { total_ = bytes; }
  /// How much of the current file is there. A smaller number than before (a server that began
  /// again) is shown only once it has passed what was told.
  void set_file_bytes(std::uint64_t bytes) {
    in_file_ = bytes;
    const auto now = std::chrono::steady_clock::now();
    if (now - told_at_ < std::chrono::milliseconds(100)) return;
    told_at_ = now;
    tell();
  }
  /// The last call, with all bytes.
  void finish() { tell(); }

 private:
  void tell() {
    if (!callback_) return;
    told_ = std::max(told_, finished_ + in_file_);
    callback_({.file = file_,
               .bytes_done = told_,
               .bytes_total = total_ == 0 ? 0 : std::max(total_, told_),
               .bytes_resumed = std::min(resumed_, told_)});
  }

  std::function<void(const PullProgress&)> callback_;
  std::string file_;
  std::uint64_t finished_ = 0;
  std::uint64_t in_file_ = 0;
  std::uint64_t resumed_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t told_ = 0;
  std::chrono::steady_clock::time_point told_at_;
};

}  // namespace croft

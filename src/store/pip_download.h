#pragma once
/// Fetches one wheel from the Python package index with pip, as a child process without a shell.
/// pip brings what a company has set up for it: mirrors, proxies, certificates.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace croft {

struct PipDownload {
  std::vector<std::string> command;  ///< {"python3", "-m", "pip"}
  std::string_view package;
  std::string_view version;
  std::filesystem::path folder;  ///< an empty folder of ours; also pip's temporary folder
  std::stop_token stop;
  /// Told about ten times a second how many bytes lie in `folder`.
  std::function<void(std::uint64_t bytes)> on_progress;
};

/// Runs `pip download` for exactly one binary package without its dependencies, so that no code of
/// the package runs. Returns the wheel's path. Errors: NotFound (no such package, as pip says);
/// Unsupported (no python3 or no pip here); Io (pip's last lines); Cancelled (pip is stopped).
Result<std::filesystem::path> pip_download(const PipDownload& download);

}  // namespace croft

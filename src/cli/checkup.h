#pragma once
/// The single checks of `croft doctor`.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace croft::cli {

struct Finding {
  enum class State : std::uint8_t { Fine, Note, Problem };
  std::string name;  ///< "memory"
  State state = State::Fine;
  std::string text;  ///< one sentence
  std::string hint;  ///< what to do; empty where nothing is to be done
};

[[nodiscard]] Finding check_cpu();
[[nodiscard]] Finding check_memory();
/// Whether models can be read and installed; names the parent folder that lacks permission.
[[nodiscard]] Finding check_models_folder(const std::filesystem::path& root);
/// Whether the models that are installed are whole.
[[nodiscard]] Finding check_models(const std::filesystem::path& root);
[[nodiscard]] Finding check_disk(const std::filesystem::path& root);
[[nodiscard]] Finding check_port(const std::string& host, std::uint16_t port);
[[nodiscard]] Finding check_key_file(const std::filesystem::path& key_file);

/// The first folder on the way to `path` that this user may not enter; empty where there is none.
[[nodiscard]] std::filesystem::path first_closed_parent(const std::filesystem::path& path);

}  // namespace croft::cli

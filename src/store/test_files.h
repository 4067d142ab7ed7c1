#pragma once
/// For the tests of src/store: files that the readers accept.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "io/test_folder.h"

namespace croft {

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

template <typename Number>
std::string little_endian(Number value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// A sound GGUF with one key and no tensors.
inline std::string small_gguf(std::string_view architecture = "llama") {
  const auto text = [](std::string_view value) {
    return little_endian(std::uint64_t{value.size()}) + std::string(value);
  };
  return "GGUF" + little_endian(std::uint32_t{3}) + little_endian(std::uint64_t{0}) +
         little_endian(std::uint64_t{1}) + text("general.architecture") +
         little_endian(std::uint32_t{8}) + text(architecture);
}

/// A sound safetensors file with one tensor of two floats.
inline std::string small_safetensors() {
  const std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  return little_endian(std::uint64_t{header.size()}) + header + std::string(8, '\0');
}

inline void write_huggingface_folder(const std::filesystem::path& folder) {
  write_text(folder / "config.json", R"({"architectures": ["BertModel"]})");
  write_text(folder / "tokenizer.json", "{}");
  write_text(folder / "model.safetensors", small_safetensors());
}

}  // namespace croft

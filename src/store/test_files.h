#pragma once
/// For the tests of src/store: a temporary folder, and files that the readers accept.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace croft {

/// A fresh folder, removed at the end.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "croft-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a test folder");
    path_ = std::filesystem::canonical(name);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

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

#include "store/model_files.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/limits.h"
#include "io/gguf.h"
#include "io/mapped_file.h"
#include "io/safetensors.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

// Left free beside a model: the machine's own logs and temporary files must go on.
constexpr std::uint64_t disk_reserve_bytes = 256 * limits::MiB;

Error in_file(Error error, const fs::path& path) {
  error.message = "'" + path.string() + "': " + error.message;
  return error;
}

Result<ModelFiles> inspect_gguf(const fs::path& path) {
  const MappedFile file = TRY(MappedFile::open(path));
  const auto parsed = GgufFile::parse(file.bytes());
  if (!parsed) return std::unexpected(in_file(parsed.error(), path));
  return ModelFiles{ModelFormat::Gguf, file.bytes().size(), path};
}

Result<void> check_config(const fs::path& path) {
  const MappedFile file = TRY(MappedFile::open(path));
  if (file.bytes().size() > limits::json_file_bytes_max) {
    return fail(ErrorCode::Corrupt, "'" + path.string() + "' is too large for a config.json");
  }
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  const json::value config = TRY(parse_json(text, path.string()));
  if (!config.is_object()) {
    return fail(ErrorCode::Corrupt, "'" + path.string() + "' holds no JSON object");
  }
  return {};
}

Result<ModelFiles> inspect_folder(const fs::path& folder) {
  TRY(check_config(folder / "config.json"));
  const auto tensors = SafetensorsFolder::open(folder);
  if (!tensors) return std::unexpected(in_file(tensors.error(), folder));
  ModelFiles files{ModelFormat::HuggingFace, 0, {}};
  std::error_code error;
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    if (!i->is_regular_file(error) || error) continue;
    files.bytes += i->file_size(error);
    const bool weights = i->path().extension() == ".safetensors" && i.depth() == 0;
    if (weights && (files.weights.empty() || i->path() < files.weights)) files.weights = i->path();
  }
  if (error) {
    return fail(ErrorCode::Io, "'" + folder.string() + "' cannot be listed: " + error.message(),
                "Check the permissions of the folder.");
  }
  return files;
}

}  // namespace

bool is_huggingface_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_regular_file(folder / "config.json", error)) return false;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) {
    if (i->path().extension() == ".safetensors") return true;
  }
  return false;
}

Result<ModelFiles> inspect_model(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return fail(ErrorCode::NotFound, "there is no file or folder '" + path.string() + "'",
                "Check the path.");
  }
  if (fs::is_directory(status) && is_huggingface_folder(path)) return inspect_folder(path);
  if (fs::is_regular_file(status)) return inspect_gguf(path);
  return fail(ErrorCode::InvalidArgument,
              "'" + path.string() + "' is neither a GGUF file nor a Hugging Face folder",
              "A Hugging Face folder holds config.json and *.safetensors.");
}

Result<void> check_disk_space(const fs::path& folder, std::uint64_t bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) {
    return fail(ErrorCode::Io,
                "the free space of '" + folder.string() + "' is unknown: " + error.message());
  }
  const std::uint64_t usable =
      space.available > disk_reserve_bytes ? space.available - disk_reserve_bytes : 0;
  if (bytes <= usable) return {};
  return fail(ErrorCode::TooLarge,
              "'" + folder.string() + "' has room for " + std::to_string(usable) +
                  " bytes (256 MiB stay free), and the model needs " + std::to_string(bytes) +
                  " more",
              "Remove a model (croft rm), or point CROFT_MODELS_DIR to a larger disk.");
}

}  // namespace croft

#pragma once
/// What a repository of the hub holds, and which of it makes a model. Pure functions over the hub's
/// JSON, which is hostile: every path in it is checked before anything is named after it. Source:
/// docs/formats/hub_api.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/model_record.h"

namespace croft {

struct HubFile {
  std::string path;  ///< in the repository: relative, no "..", no control characters
  std::optional<std::uint64_t> bytes;  ///< absent where the hub does not tell
  std::optional<std::string> sha256;   ///< of files in large-file storage: all weights
};

struct HubListing {
  std::string commit;   ///< 40 hexadecimal digits: what `main` was when asked
  std::string licence;  ///< as the repository's card says, "apache-2.0"; may be empty
  std::vector<HubFile> files;
};

/// Reads the answer to /api/models/REPOSITORY?blobs=true.
/// Errors: Corrupt (key named; a path that would leave its folder; more than 20,000 files).
Result<HubListing> parse_hub_listing(std::string_view text);

/// The files to download for one model.
struct HubChoice {
  ModelFormat format = ModelFormat::Gguf;
  std::string tag;  ///< the quantization in lower case, "q4_k_m"; "latest" where the name tells
                    ///< none; "safetensors"
  std::vector<HubFile> files;  ///< one GGUF, or the files of a safetensors folder
};

/// Picks the GGUF of quantization `tag` (case-blind; empty: q4_k_m, else the only one, else the
/// nearest), or without any GGUF the safetensors folder. `repository` is for messages. Errors:
/// NotFound (lists the quantizations there are); Unsupported (split GGUF; only pickled weights).
Result<HubChoice> choose_files(const HubListing& listing, std::string_view tag,
                               std::string_view repository);

/// The file called `path` as a choice of its own. Errors: NotFound.
Result<HubChoice> choose_file(const HubListing& listing, std::string_view path,
                              std::string_view repository);

/// "Q4_K_M" of "SmolLM2-1.7B-Instruct-Q4_K_M.gguf", in lower case; empty where the name tells none.
[[nodiscard]] std::string quantization_of(std::string_view file_name);

/// Whether `path` may become a path below a folder of ours: relative, at most 512 bytes, its parts
/// neither empty nor "." nor "..", no backslash, colon or control character.
[[nodiscard]] bool is_safe_relative_path(std::string_view path);

/// Whether a file of a repository (or wheel) belongs to a Hugging Face model folder as we use it.
[[nodiscard]] bool belongs_to_huggingface_model(std::string_view path);

}  // namespace croft

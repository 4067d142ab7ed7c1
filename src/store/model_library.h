#pragma once
/// The model library: plain files in readable folders that other programs can use in place.
///
///   ROOT/smollm2/135m/model.json                          what it is, where it came from, its
///   digest ROOT/smollm2/135m/SmolLM2-135M-Instruct.Q4_1.gguf     the model
///   ROOT/hf/user/repo/q4_k_m/...                          a model of the hub
///   ROOT/mine.gguf                                        laid there by hand: used as it is
///   ROOT/.partial/...                                     downloads under way
///
/// A model appears by one rename of its finished folder, so a reader never sees half of one.

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/model_record.h"

namespace croft {

/// CROFT_MODELS_DIR; else $XDG_DATA_HOME/croft/models; else ~/.local/share/croft/models; without a
/// home /var/lib/croft/models. Does not create it. An empty or relative XDG_DATA_HOME counts as
/// unset (XDG's rule).
std::filesystem::path default_model_root();

/// Every model below `root`, sorted by name; an absent root is an empty library. A damaged entry is
/// listed with `problem` set, never left out. Errors: Io (a folder that cannot be read, with the
/// path).
Result<std::vector<InstalledModel>> list_models(const std::filesystem::path& root);

/// The installed model called `name` (tag as in resolve_model). Errors: as resolve_model.
Result<InstalledModel> find_model(const std::filesystem::path& root, std::string_view name);

/// The file or folder that `name` stands for: an existing path is itself; otherwise an installed
/// model. A name without tag means the catalogue's default tag, else `latest`; a hub name without
/// quantization means the one that is installed, `q4_k_m` if several are. Errors: NotFound, with
/// near names and the `croft pull` command; InvalidArgument (name); Corrupt (the entry's problem);
/// Io.
/// For names that the operator gives: one out of a request must never be a path, so use
/// find_model there.
Result<std::filesystem::path> resolve_model(const std::filesystem::path& root,
                                            std::string_view name);

/// Deletes an installed model and the folders that became empty. A linked model loses its link
/// only, never the file behind it. Returns what was removed. Errors: as find_model (a damaged entry
/// can be removed); Io.
Result<InstalledModel> remove_model(const std::filesystem::path& root, std::string_view name);

enum class ImportMode : unsigned char {
  Copy,
  Move,  ///< a rename where both are on one filesystem, else copy and delete
  Link,  ///< a symbolic link: the file stays where it is and must stay there
};

struct ImportOptions {
  ImportMode mode = ImportMode::Copy;
  std::string_view licence = {};  ///< recorded as told
};

/// Takes a GGUF file or a Hugging Face folder into the library as `name` (tag `latest` if none).
/// The headers of every model file are read first, so what cannot be opened is never installed;
/// nothing stays behind on failure. Errors: InvalidArgument (name; taken already); NotFound;
/// Corrupt, Unsupported (from the readers); TooLarge (disk space, with both numbers); Io.
Result<InstalledModel> import_model(const std::filesystem::path& root,
                                    const std::filesystem::path& path, std::string_view name,
                                    const ImportOptions& options = {});

}  // namespace croft

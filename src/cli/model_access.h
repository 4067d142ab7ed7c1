#pragma once
/// From a name on the command line to a model, a tokenizer or an engine.

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/settings.h"
#include "engine/engine.h"
#include "model/memory_plan.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace croft::cli {

/// --models-dir, or the library's default.
[[nodiscard]] std::filesystem::path models_root(const Settings& settings);

/// `given`, or the file api-keys beside the models folder.
[[nodiscard]] std::filesystem::path key_file_path(const std::string& given,
                                                  const std::filesystem::path& root);

/// The file or folder that `name` stands for. Errors: NotFound, with the `croft pull` command.
Result<std::filesystem::path> model_path(const Settings& settings, const std::string& name);

/// Only the tokenizer: a GGUF file with a vocabulary and no weights is enough.
Result<std::unique_ptr<Tokenizer>> open_tokenizer(const std::filesystem::path& path);

/// Loads the model and starts an engine for it, with --threads and --kv-type (and --context where
/// the verb has it) over `base`.
Result<std::unique_ptr<Engine>> open_engine(const Settings& settings,
                                            const std::filesystem::path& path, EngineOptions base);
/// The same for a model of --also: --draft and --prefix are made for the main model only.
Result<std::unique_ptr<Engine>> open_further_engine(const Settings& settings,
                                                    const std::filesystem::path& path);

/// What a model is and what it needs, from its header alone.
struct ModelOutlook {
  ModelSummary summary;
  EngineOptions engine;  ///< as open_engine would start it, with the context it would choose
  MemoryPlan memory;
};
/// Errors: as summarize_model; Unsupported where the model could not be loaded.
Result<ModelOutlook> foresee_model(const Settings& settings, const std::filesystem::path& path);

/// The type that a value of --kv-type names.
[[nodiscard]] TensorType kv_type(std::string_view name);

/// --threads, --kv-type, --context, --parallel, --queue and --prefill-chunk, as far as the verb has
/// them, over `base`.
[[nodiscard]] EngineOptions engine_options(const Settings& settings, EngineOptions base);

}  // namespace croft::cli

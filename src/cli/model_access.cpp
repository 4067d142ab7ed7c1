#include "cli/model_access.h"

#include "base/limits.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "cli/progress.h"
#include "cli/terminal.h"
#include "io/gguf.h"
#include "io/mapped_file.h"
#include "store/model_library.h"

namespace croft::cli {
namespace {

bool has_option(const Settings& settings, std::string_view name) {
  return find_option(settings.verb(), name) != nullptr;
}

/// A bar on a terminal while a big model is packed; nothing for one that is there at once.
class PackingBar {
 public:
  void update(std::uint64_t done, std::uint64_t total) {
    if (!stderr_is_terminal() || std::chrono::steady_clock::now() - begin_ < kPatience) return;
    if (!progress_) progress_.emplace("packing", Progress::Unit::Bytes);
    progress_->update(done, total);
  }
  void end() { progress_.reset(); }

 private:
  static constexpr std::chrono::milliseconds kPatience{500};
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::optional<Progress> progress_;
};

/// Shows a bar while weights are packed.
Result<std::shared_ptr<const Model>> load_with_bar(const std::filesystem::path& path,
                                                   std::size_t threads) {
  PackingBar bar;
  auto loaded = Model::load(
      path, {.threads = threads, .on_packing = [&bar](auto... news) { bar.update(news...); }});
  bar.end();
  return loaded;
}

}  // namespace

TensorType kv_type(std::string_view name) {
  if (name == "f32") return TensorType::F32;
  if (name == "bf16") return TensorType::BF16;
  if (name == "q8_0") return TensorType::Q8_0;
  return TensorType::F16;
}

std::filesystem::path models_root(const Settings& settings) {
  const std::string& given = settings.text("models-dir");
  return given.empty() ? default_model_root() : std::filesystem::path(given);
}

std::filesystem::path key_file_path(const std::string& given, const std::filesystem::path& root) {
  return given.empty() ? root.parent_path() / "api-keys" : std::filesystem::path(given);
}

Result<std::filesystem::path> model_path(const Settings& settings, const std::string& name) {
  return resolve_model(models_root(settings), name);
}

Result<std::unique_ptr<Tokenizer>> open_tokenizer(const std::filesystem::path& path) {
  std::error_code ignored;  // what does not exist is reported by the reader
  if (std::filesystem::is_directory(path, ignored)) return tokenizer_from_folder(path);
  const MappedFile file = TRY(MappedFile::open(path));
  const GgufFile gguf = TRY(GgufFile::parse(file.bytes()));
  return tokenizer_from_gguf(gguf);
}

EngineOptions engine_options(const Settings& settings, EngineOptions base) {
  if (has_option(settings, "threads")) base.threads = settings.size("threads");
  if (has_option(settings, "kv-type")) base.kv_type = kv_type(settings.text("kv-type"));
  if (has_option(settings, "context") && settings.size("context") != 0)
    base.context = settings.size("context");
  if (has_option(settings, "parallel")) base.parallel = settings.size("parallel");
  if (has_option(settings, "queue")) base.queue_max = settings.size("queue");
  if (has_option(settings, "queue-wait"))
    base.queue_wait = std::chrono::seconds(settings.integer("queue-wait"));
  if (has_option(settings, "prefill-chunk")) base.prefill_chunk = settings.size("prefill-chunk");
  if (has_option(settings, "prefix-cache")) {
    base.prefix_bytes = settings.size("prefix-cache") * limits::MiB;
    base.prefix_cache = base.prefix_bytes != 0;
  }
  if (has_option(settings, "prefix"))
    for (const std::string& path : settings.list("prefix")) base.prefixes.emplace_back(path);
  if (has_option(settings, "no-prompt-lookup") && settings.flag("no-prompt-lookup"))
    base.prompt_lookup = false;
  return base;
}

Result<std::unique_ptr<Engine>> open_engine(const Settings& settings,
                                            const std::filesystem::path& path, EngineOptions base) {
  EngineOptions options = engine_options(settings, base);
  std::shared_ptr<const Model> model = TRY(load_with_bar(path, options.threads));
  if (has_option(settings, "draft") && !settings.text("draft").empty()) {
    const auto draft = TRY(model_path(settings, settings.text("draft")));
    options.draft = TRY(load_with_bar(draft, options.threads));
  }
  return Engine::create(std::move(model), options);
}

Result<std::unique_ptr<Engine>> open_further_engine(const Settings& settings,
                                                    const std::filesystem::path& path) {
  EngineOptions options = engine_options(settings, {});
  options.prefixes.clear();
  std::shared_ptr<const Model> model = TRY(load_with_bar(path, options.threads));
  return Engine::create(std::move(model), options);
}

Result<ModelOutlook> foresee_model(const Settings& settings, const std::filesystem::path& path) {
  Result<ModelSummary> read = summarize_model(path);
  if (read && !read->problem.empty()) read = fail(ErrorCode::Unsupported, read->problem);
  if (!read) {
    Error error = std::move(read).error();
    error.message = path.string() + ": " + error.message;  // among several, say which
    return std::unexpected(std::move(error));
  }
  ModelOutlook outlook{
      .summary = *std::move(read), .engine = engine_options(settings, {}), .memory = {}};
  const ModelSummary& summary = outlook.summary;
  EngineOptions& engine = outlook.engine;
  if (engine.context == 0) engine.context = usual_context(summary.config);
  outlook.memory = plan_memory(summary.config, {.file_bytes = summary.info.file_bytes,
                                                .context = engine.context,
                                                .parallel = engine.parallel,
                                                .chunk = engine.prefill_chunk,
                                                .kv_type = engine.kv_type});
  return outlook;
}

}  // namespace croft::cli

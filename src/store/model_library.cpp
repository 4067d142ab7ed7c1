#include "store/model_library.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "io/quote_foreign.h"
#include "store/catalogue.h"
#include "store/model_files.h"
#include "store/model_name.h"
#include "store/near_names.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

constexpr int depth_max = 6;  // ROOT/hf/user/repo/tag is four; two more for what people lay there

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string(value);
}

/// Reads one folder's model.json and checks it against where it lies.
InstalledModel installed_in(const fs::path& root, const fs::path& folder) {
  auto record = read_model_record(folder);
  if (!record) {
    InstalledModel damaged;
    damaged.name = fs::relative(folder, root).generic_string();
    damaged.path = folder;
    damaged.problem = record.error().message;
    return damaged;
  }
  InstalledModel model = std::move(*record);
  const auto name = ModelName::parse(model.name);
  std::error_code error;
  if (!name || name->tag.empty() || root / name->folder() != folder) {
    model.problem = "its model.json names " + quote_foreign(model.name) + " but lies in '" +
                    folder.string() + "'";
    model.name = fs::relative(folder, root).generic_string();
  } else if (!fs::exists(model.path, error)) {
    model.problem = "its file '" + model.path.string() + "' is gone";
  }
  return model;
}

/// A file or folder that someone laid into the library by hand.
InstalledModel laid_by_hand(const fs::path& root, const fs::path& path, ModelFormat format) {
  InstalledModel model;
  model.name = path.lexically_relative(root).generic_string();
  model.path = path;
  model.format = format;
  std::error_code error;
  const std::uintmax_t bytes =
      fs::file_size(format == ModelFormat::Gguf ? path : path / "model.safetensors", error);
  model.bytes = error ? 0 : bytes;
  model.source = "file:" + path.string();
  return model;
}

Result<void> list_folder(const fs::path& root, const fs::path& folder, int depth,
                         std::vector<InstalledModel>& models) {
  std::error_code error;
  if (fs::exists(folder / "model.json", error)) {
    models.push_back(installed_in(root, folder));
    return {};
  }
  if (depth > 0 && is_huggingface_folder(folder)) {
    models.push_back(laid_by_hand(root, folder, ModelFormat::HuggingFace));
    return {};
  }
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.filename().string().starts_with('.')) continue;  // .partial, and what others hide
    std::error_code unreadable;  // an entry that vanishes meanwhile is no error
    // Links to folders are not followed: they may form a circle.
    if (!entry->is_symlink(unreadable) && entry->is_directory(unreadable)) {
      if (depth < depth_max) TRY(list_folder(root, path, depth + 1, models));
    } else if (path.extension() == ".gguf" && entry->is_regular_file(unreadable)) {
      models.push_back(laid_by_hand(root, path, ModelFormat::Gguf));
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(ErrorCode::Io,
                "the model folder '" + folder.string() + "' cannot be read: " + error.message(),
                "Check its permissions and those of its parent folders.");
  }
  return {};
}

bool looks_like_a_path(std::string_view name) {
  return name.starts_with('/') || name.starts_with("./") || name.starts_with("../") ||
         name.starts_with('~') || name.ends_with(".gguf");
}

std::unexpected<Error> unknown_model(const std::vector<InstalledModel>& models,
                                     std::string_view text, const ModelName& name) {
  std::vector<std::string> installed;
  for (const InstalledModel& model : models) installed.push_back(model.name);
  std::string message = "the model " + quote_foreign(text) + " is not installed";
  std::string hint;
  if (name.on_hub()) {
    hint = "Fetch it: croft pull " + name.text();
  } else if (const CatalogueEntry* entry = find_catalogue_entry(text); entry != nullptr) {
    hint = "Fetch it: croft pull " + entry->name();
  } else {
    const std::vector<std::string> near = near_catalogue_names(text, 1);
    const std::string_view proposal = near.empty() ? default_model_name : near.front();
    hint =
        "See what is installed with croft list, or fetch one: croft pull " + std::string(proposal);
  }
  const std::vector<std::string> near = near_names(text, std::move(installed), 3);
  for (std::size_t i = 0; i < near.size(); ++i) {
    message += (i == 0 ? "; installed with a similar name: " : ", ") + near[i];
  }
  return fail(ErrorCode::NotFound, std::move(message), std::move(hint), "model");
}

/// The entry that a checked name stands for, or null.
const InstalledModel* match(const std::vector<InstalledModel>& models, ModelName name) {
  const auto in_folder = [&](const fs::path& folder) -> const InstalledModel* {
    const auto found = std::ranges::find_if(models, [&](const InstalledModel& model) {
      const auto other = ModelName::parse(model.name);
      return other && !other->tag.empty() && other->folder() == folder;
    });
    return found == models.end() ? nullptr : &*found;
  };
  if (!name.tag.empty()) return in_folder(name.folder());
  if (!name.on_hub()) {
    name.tag = default_tag(name.model);
    return in_folder(name.folder());
  }
  std::vector<const InstalledModel*> tags;
  for (const InstalledModel& model : models) {
    const auto other = ModelName::parse(model.name);
    if (!other || !other->on_hub() || other->tag.empty()) continue;
    if (other->folder().parent_path() == name.folder().parent_path()) tags.push_back(&model);
  }
  if (tags.size() <= 1) return tags.empty() ? nullptr : tags.front();
  name.tag = "q4_k_m";
  return in_folder(name.folder());
}

}  // namespace

fs::path default_model_root() {
  if (const std::string folder = environment("CROFT_MODELS_DIR"); !folder.empty()) return folder;
  const fs::path data = environment("XDG_DATA_HOME");
  if (data.is_absolute()) return data / "croft" / "models";
  const fs::path home = environment("HOME");
  if (home.is_absolute()) return home / ".local" / "share" / "croft" / "models";
  return "/var/lib/croft/models";
}

Result<std::vector<InstalledModel>> list_models(const fs::path& root) {
  std::vector<InstalledModel> models;
  std::error_code error;
  if (!fs::exists(root, error) && !error) return models;
  TRY(list_folder(root, root, 0, models));
  std::ranges::sort(models, {}, &InstalledModel::name);
  return models;
}

Result<InstalledModel> find_model(const fs::path& root, std::string_view text) {
  std::vector<InstalledModel> models = TRY(list_models(root));
  const auto exact = std::ranges::find(models, text, &InstalledModel::name);
  if (exact != models.end()) return std::move(*exact);
  const CatalogueEntry* entry = find_catalogue_entry(text);
  const ModelName name = TRY(ModelName::parse(entry != nullptr ? entry->name() : text));
  const InstalledModel* model = match(models, name);
  if (model == nullptr) return unknown_model(models, text, name);
  return *model;
}

Result<fs::path> resolve_model(const fs::path& root, std::string_view name) {
  if (name.find('\0') != std::string_view::npos || name.empty()) {
    return fail(ErrorCode::InvalidArgument, "the model name is empty or holds a zero byte",
                "Give a path or a name such as smollm2:135m.", "model");
  }
  const fs::path path(name);
  std::error_code error;
  const bool is_model =
      fs::is_regular_file(path, error) ||
      (fs::is_directory(path, error) && (looks_like_a_path(name) || is_huggingface_folder(path)));
  if (is_model) return path;
  auto model = find_model(root, name);
  if (!model) {
    if (!looks_like_a_path(name)) return std::unexpected(std::move(model).error());
    return fail(ErrorCode::NotFound, "there is no model file " + quote_foreign(name),
                "Check the path, or see the installed models with croft list.", "model");
  }
  if (!model->problem.empty()) {
    return fail(ErrorCode::Corrupt,
                "the installed model '" + model->name + "' cannot be used: " + model->problem,
                "Remove it (croft rm " + model->name + ") and pull or import it again.", "model");
  }
  return std::move(model)->path;
}

Result<InstalledModel> remove_model(const fs::path& root, std::string_view name) {
  InstalledModel model = TRY(find_model(root, name));
  std::error_code error;
  // A damaged entry's path is its folder; a recorded model's folder holds its model.json.
  fs::path target = model.path;
  if (!fs::exists(target / "model.json", error) &&
      fs::exists(target.parent_path() / "model.json", error)) {
    target = target.parent_path();
  }
  fs::remove_all(target, error);  // removes a link, never what it points to
  if (error) {
    return fail(ErrorCode::Io,
                "the model '" + model.name + "' cannot be removed: " + error.message(),
                "Check the permissions of '" + target.parent_path().string() + "'.");
  }
  for (fs::path parent = target.parent_path(); parent != root && parent.has_relative_path();
       parent = parent.parent_path()) {
    if (!fs::remove(parent, error) || error) break;  // not empty: another tag lives there
  }
  return model;
}

}  // namespace croft

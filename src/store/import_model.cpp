#include <string>
#include <utility>

#include "io/sha256.h"
#include "store/clock_text.h"
#include "store/model_files.h"
#include "store/model_library.h"
#include "store/model_name.h"
#include "store/staging.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> cannot(std::string_view verb, const fs::path& path,
                              const std::error_code& error) {
  return fail(ErrorCode::Io,
              "'" + path.string() + "' cannot be " + std::string(verb) + ": " + error.message(),
              "Check the permissions and the free space.");
}

Result<void> copy(const fs::path& from, const fs::path& to, std::uint64_t bytes) {
  TRY(check_disk_space(to.parent_path(), bytes));
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) return cannot("copied", from, error);
  return {};
}

/// Puts the model into the staging folder as `to`.
Result<void> take(const fs::path& from, const fs::path& to, ImportMode mode, std::uint64_t bytes) {
  if (mode != ImportMode::Link) return copy(from, to, bytes);
  std::error_code error;
  fs::create_symlink(from, to, error);
  if (error) return cannot("linked", from, error);
  return {};
}

/// The last component, also for "folder/".
std::string file_name(const fs::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

}  // namespace

Result<InstalledModel> import_model(const fs::path& root, const fs::path& path,
                                    std::string_view text, const ImportOptions& options) {
  ModelName name = TRY(ModelName::parse(text));
  if (name.tag.empty()) name.tag = "latest";
  std::error_code error;
  const fs::path source = fs::canonical(path, error);
  if (error) {
    return fail(ErrorCode::NotFound, "there is no file or folder '" + path.string() + "'",
                "Check the path.");
  }
  const ModelFiles files = TRY(inspect_model(source));
  if (fs::exists(model_folder(root, name), error)) {
    return fail(ErrorCode::InvalidArgument, "the model '" + name.text() + "' is installed already",
                "Remove it first (croft rm " + name.text() + ") or choose another name.", "model");
  }

  InstalledModel model;
  model.name = name.text();
  model.format = files.format;
  model.bytes = files.bytes;
  model.source = "file:" + source.string();
  model.sha256 = TRY(sha256_file(files.weights));
  model.licence = options.licence;
  model.installed_at = utc_now_text();

  Staging staging = TRY(Staging::open(root, name));
  staging.discard();  // leftovers of a broken pull of the same name
  fs::create_directories(staging.path(), error);
  model.path = staging.path() / file_name(source);
  bool model_moved_and_stuck = false;
  const auto install = [&]() -> Result<InstalledModel> {
    if (options.mode == ImportMode::Move) {
      fs::rename(source, model.path, error);  // fails between filesystems: then copy and delete
      if (!error) {
        auto installed = staging.install(model);
        if (!installed) fs::rename(model.path, source, error);  // give it back
        if (error) model_moved_and_stuck = true;
        return installed;
      }
    }
    TRY(take(source, model.path, options.mode, files.bytes));
    return staging.install(model);
  };
  auto installed = install();
  if (!installed) {
    if (!model_moved_and_stuck) staging.discard();  // else the staging folder holds the only copy
    return installed;
  }
  if (options.mode == ImportMode::Move) fs::remove_all(source, error);
  return installed;
}

}  // namespace croft
